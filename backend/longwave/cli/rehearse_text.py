"""A rehearsal's report as text: what matters first, in plain words and small tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from longwave.domain.missingness import EXPLANATIONS
from longwave.rehearsal.rehearse import Measured, Report
from longwave.rehearsal.rehearse.load import Load
from longwave.rehearsal.rehearse.reach import ALL

_MIB = 1 << 20


def print_report(console: Console, report: Report) -> None:
    """Print everything that a rehearsal found."""
    _say(console, f"Rehearsal of {report.study}", bold=True)
    _say(console, f"protocol {report.protocol}")
    _say(
        console,
        f"{report.starts_on} to {report.ends_on}, seed {report.seed}. "
        "No participant is real; numbers hang on what is assumed, see the end.",
    )
    _cohort(console, report)
    _messages(console, report.messages)
    _waves(console, report)
    _collisions(console, report)
    _balance(console, report)
    _safety(console, report)
    _clocks(console, report)
    _staff(console, report)
    _heading(console, "Assumed")
    for name, value in report.assumed.items():
        _say(console, f"  {name:<13}{_told(value)}")


def print_measured(console: Console, measured: Measured) -> None:
    """Print what the rehearsal itself took."""
    console.print()
    some = "1 process" if measured.processes == 1 else f"{measured.processes} processes"
    _say(
        console,
        f"{measured.seconds:.1f} s in {some}, {measured.ticks} ticks; the scratch database had "
        f"{measured.database_bytes / _MIB:.1f} MiB.",
    )


def _say(console: Console, text: str, *, bold: bool = False) -> None:
    console.print(Text(text, style="bold" if bold else ""), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    console.print()
    _say(console, text, bold=True)


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_told(found)}" for name, found in value.items()) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {_word(name)}" for name, number in counts.items()) or "none"


def _word(name: str) -> str:
    return name.replace("_", " ")


def _table(*columns: str, left: int = 1) -> Table:
    """Make a table of which all but the first ``left`` columns hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=place < left)
    return table


def _cohort(console: Console, report: Report) -> None:
    who = report.cohort
    _heading(console, "People")
    away = f"; turned away: {_counts(who.turned_away)}" if who.turned_away else ""
    _say(console, f"{who.came} came, {who.enrolled} enrolled{away}.")
    if report.balance is not None:
        _say(console, f"{who.randomised} were randomised, {who.crossed_over} crossed over.")
    _say(
        console,
        f"{who.completed} came to the end, {who.withdrew} withdrew, {who.fell_silent} were to fall "
        f"silent without a word, {who.paused} paused messages.",
    )


def _messages(console: Console, load: Load) -> None:
    _heading(console, "Messages")
    total = sum(load.sent.values())
    _say(console, f"{total} sent: {_counts(load.sent)}.")
    table = _table("", "mean", "95 %", "most")
    for name, spread in (
        ("per day", load.per_day),
        ("per person", load.per_person),
        *((f"  arm {arm}", spread) for arm, spread in load.by_arm.items() if arm),
    ):
        table.add_row(name, f"{spread.mean:.2f}", str(spread.p95), str(spread.most))
    console.print(table)
    if load.peaks:
        peaks = ", ".join(f"{day.day} ({day.total})" for day in load.peaks)
        _say(console, f"Fullest days: {peaks}.")
        hour, number = load.peak_hour
        _say(console, f"Fullest hour: from {hour.replace('T', ' ')}, {number} messages.")
    if load.quiet.shifted:
        _say(
            console,
            f"Waited for the end of quiet hours: {_counts(load.quiet.shifted)}, at most "
            f"{load.quiet.hours:g} hours.",
        )
    else:
        _say(console, "No message had to wait for the end of quiet hours.")
    crowded = load.crowded
    if crowded.days:
        _say(
            console,
            f"More than {crowded.limit} messages to one person on one day: {crowded.days} times, "
            f"{crowded.people} people, {crowded.most} at most.",
        )
    else:
        _say(console, f"Nobody got more than {crowded.limit} messages on one day.")
    for one in load.unsent:
        why = f" ({_word(one.reason)})" if one.reason else ""
        _say(console, f"Not sent: {one.count} {_word(one.kind)}, {one.state}{why}.")


def _waves(console: Console, report: Report) -> None:
    _heading(console, "Waves, and what is expected to be missing")
    table = _table("wave", "arm", "planned", "complete", "partial", "missing", "why", left=2)
    table.columns[-1].justify = "left"
    for one in report.waves:
        if one.arm == ALL or len(report.balance.arms if report.balance else ()) > 0:
            table.add_row(
                one.wave if one.arm == ALL else "",
                one.arm,
                str(one.planned),
                str(one.outcomes.get("complete", 0)),
                str(one.outcomes.get("partial", 0)),
                f"{one.missing:.1%}",
                _counts(one.gaps),
            )
    console.print(table)
    met = sorted({gap for one in report.waves for gap in one.gaps})
    for gap in met:
        _say(console, f"  {_word(gap)}: {EXPLANATIONS.get(gap, '')}")
    for lost in report.unreached:
        where = "nobody" if lost.arm == ALL else f"nobody in arm {lost.arm}"
        _say(console, f"Reached by {where}: {lost.wave}; {lost.reason}.", bold=True)
    if not report.unreached:
        _say(console, "Every wave is reached by somebody, in every arm.")


def _collisions(console: Console, report: Report) -> None:
    _heading(console, "Windows that collide")
    found = report.collisions
    if not found.people:
        _say(console, "Nobody has two windows open at once.")
        return
    _say(
        console,
        f"{found.people} people have two windows open at once ({found.most_at_once} at most); "
        f"{found.people_really} really had two to answer.",
    )
    for pair in found.pairs:
        _say(console, f"  {pair.waves[0]} and {pair.waves[1]}: {pair.people} people")


def _balance(console: Console, report: Report) -> None:
    found = report.balance
    if found is None:
        return
    _heading(console, "Balance of the arms")
    table = _table("stratum", *found.arms, "off the ratio by")
    for name, arms, off in (
        ("all", found.arms, found.off),
        *((one.stratum, one.arms, one.off) for one in found.strata if len(found.strata) > 1),
    ):
        table.add_row(name, *(str(arms[arm]) for arm in found.arms), f"{off:g}")
    console.print(table)


def _safety(console: Console, report: Report) -> None:
    if not report.safety:
        return
    _heading(console, "Safety rules, on the answers that are assumed")
    table = _table("rule", "tells", "fires", "people", "undecided", "by wave", left=2)
    table.columns[-1].justify = "left"
    for rule in report.safety:
        table.add_row(
            rule.rule,
            rule.alert,
            str(rule.fires),
            str(rule.people),
            str(rule.undecided),
            ", ".join(f"{wave}: {number}" for wave, number in rule.by_wave.items()) or "-",
        )
    console.print(table)


def _clocks(console: Console, report: Report) -> None:
    _heading(console, "Changes of the clocks")
    table = _table("zone", "people", "windows", "skipped", "twice", "changed before opening")
    for one in report.clocks:
        numbers = (one.people, one.windows, one.gap, one.fold, one.changed)
        table.add_row(one.zone, *map(str, numbers))
    console.print(table)
    for line in _examples(report):
        _say(console, line)


def _examples(report: Report) -> Iterable[str]:
    for one in report.clocks:
        if one.examples:
            yield f"  {one.zone}: {'; '.join(one.examples)}"


def _staff(console: Console, report: Report) -> None:
    _heading(console, "The team")
    staff = report.staff
    _say(console, f"Tasks: {_counts(staff.tasks)}. Notices by mail: {staff.notices}.")
    if staff.alerts:
        _say(console, f"Alerts to expect: {_counts(staff.alerts)}.")
    _heading(console, "Rows in the database")
    _say(console, _counts(report.rows))
