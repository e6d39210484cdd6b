"""Whether the waves can happen as planned: anchors, windows that do not overlap, reminders."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from longwave.domain.protocol.anchors import (
    ENROLMENT,
    EVENTS,
    PROGRAMME,
    RANDOMISATION,
    REQUEST,
    WAVE,
    calendar_day,
    looks_like_date,
)
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.protocol.names import unknown

_CALENDAR = "calendar"


def check_timing(root: Block, protocol: Protocol) -> None:
    """Note anchors that cannot be reached, windows that overlap, reminders that come too late."""
    for wave in protocol.waves:
        if not root.faulty(f"waves[{wave.order}].anchor"):
            _check_anchor(root, protocol, wave)
        _check_window(root, wave)
        _check_reminders(root, protocol, wave)
    _check_overlaps(root, protocol)


def _check_anchor(root: Block, protocol: Protocol, wave: Wave) -> None:
    field = f"waves[{wave.order}].anchor"
    if wave.anchor in ("", ENROLMENT, REQUEST) or calendar_day(wave.anchor) is not None:
        return
    if wave.anchor == RANDOMISATION:
        _check_randomisation_anchor(root, protocol, wave)
    elif wave.anchor == PROGRAMME:
        _check_programme_anchor(root, protocol, wave)
    elif wave.anchor.startswith(WAVE):
        name = wave.anchor.removeprefix(WAVE)
        known = {other.id: other.order for other in protocol.waves}
        if unknown(root, field, name, known, "wave"):
            return
        if known[name] >= wave.order:
            _refuse_later(root, protocol, wave, name)
        elif protocol.wave(name).anchor == REQUEST:
            root.fault(
                field,
                f"The wave {name!r} comes only on request, which may never be made.",
                "Anchor it to another wave or event.",
            )
    else:
        _refuse_unknown(root, field, wave.anchor)


def _check_randomisation_anchor(root: Block, protocol: Protocol, wave: Wave) -> None:
    field = f"waves[{wave.order}].anchor"
    plan = protocol.randomisation
    if plan is None:
        if not root.faulty("randomisation"):
            root.fault(
                field,
                "The wave counts from the randomisation, but nobody is randomised.",
                "Anchor it to enrolment or wave:<id>, or add the block 'randomisation'.",
            )
        return
    order = {other.id: other.order for other in protocol.waves}
    if order.get(plan.after, -1) >= wave.order:
        _refuse_later(root, protocol, wave, plan.after)


def _check_programme_anchor(root: Block, protocol: Protocol, wave: Wave) -> None:
    arms = protocol.arms.values()
    if not any(arm.programme or arm.crossover for arm in arms) and not root.faulty("arms"):
        root.fault(
            f"waves[{wave.order}].anchor",
            "The wave counts from a programme, but no arm has one.",
            "Give an arm a programme or a crossover, or anchor the wave to enrolment, "
            "randomisation or wave:<id>.",
        )
        return
    plan = protocol.randomisation
    order = {other.id: other.order for other in protocol.waves}
    if plan is not None and order.get(plan.after, -1) > wave.order:
        _refuse_later(root, protocol, wave, plan.after)


def _refuse_later(root: Block, protocol: Protocol, wave: Wave, later: str) -> None:
    field = f"waves[{wave.order}].anchor"
    circle = _circle(protocol, wave)
    if circle:
        root.fault(
            field,
            f"The anchors go round in a circle: {' -> '.join(circle)}.",
            "Anchor one of these waves to enrolment.",
        )
        return
    root.fault(
        field,
        f"The wave {wave.id!r} hangs on {later!r}, which comes later.",
        f"Anchor it to enrolment or to a wave before it, or move it below {later!r}.",
    )


def _circle(protocol: Protocol, wave: Wave) -> list[str]:
    """Return the waves on the way from ``wave`` along its anchors back to it, if there is one."""
    waves = {other.id: other for other in protocol.waves}
    path = [wave.id]
    current: Wave | None = wave
    while current is not None and len(path) <= len(waves) + 1:
        name = _wave_before(protocol, current)
        current = waves.get(name) if name is not None else None
        if current is not None:
            path.append(current.id)
            if current.id == wave.id:
                return path
    return []


def _refuse_unknown(root: Block, field: str, anchor: str) -> None:
    if looks_like_date(anchor):
        root.fault(field, f"There is no day {anchor}.", "Write a day such as 2027-03-01.")
        return
    root.fault(
        field,
        f"{anchor[:60]!r} is no anchor.{suggest(anchor, EVENTS)}",
        "Write enrolment, randomisation, programme or wave:<id>, a day such as 2027-03-01, or "
        "request.",
    )


def _wave_before(protocol: Protocol, wave: Wave) -> str | None:
    """Return the wave whose end starts the clock of ``wave``, or None for another event."""
    if wave.anchor.startswith(WAVE):
        return wave.anchor.removeprefix(WAVE)
    if wave.anchor == RANDOMISATION and protocol.randomisation is not None:
        return protocol.randomisation.after
    return None


def _open_for(wave: Wave) -> str:
    days = wave.days_open
    return f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"


def _check_window(root: Block, wave: Wave) -> None:
    base = f"waves[{wave.order}]"
    if root.faulty(f"{base}.window") or root.faulty(f"{base}.target"):
        return
    if not wave.days_open:
        root.fault(
            f"{base}.window",
            "The window has no length, so that nobody could answer.",
            "Give 'after' a duration, for instance P14D.",
        )
    if looks_like_date(wave.anchor):
        return  # a window may open before the day
    if wave.window.before.nominal_days() > wave.target.nominal_days():
        root.fault(
            f"{base}.window.before",
            f"The window would open before the wave's anchor, {wave.anchor or 'enrolment'}.",
            "Let 'before' be at most as long as 'target'.",
        )


def _check_reminders(root: Block, protocol: Protocol, wave: Wave) -> None:
    own = wave.reminders is not None
    if root.faulty(f"waves[{wave.order}].window") or (wave.occurrences > 1 and not own):
        return  # a repeated wave has those of all for as long as it is open
    base = f"waves[{wave.order}]" if own else "messages"
    for index, reminder in enumerate(protocol.reminders_of(wave)):
        field = f"{base}.reminders[{index}]"
        if not root.faulty(field) and reminder.nominal_days() >= wave.days_open > 0:
            root.fault(
                field,
                f"The window of {wave.id!r} is open for {_open_for(wave)}, and this reminder "
                "would come when it has closed.",
                "Shorten the reminder, or lengthen the wave's window.",
            )


@dataclass(frozen=True, slots=True)
class _Span:
    """When a window can be open, in nominal days after an event of the participant."""

    event: str
    opens: float
    closes: float


def _check_overlaps(root: Block, protocol: Protocol) -> None:
    usable = [wave for wave in protocol.waves if _is_timed(root, wave) and wave.anchor != REQUEST]
    spans = {wave.id: _spans(protocol, wave) for wave in usable}
    for first, second in combinations(usable, 2):
        if _overlap(first, second, spans):
            root.fault(
                f"waves[{second.order}].window",
                f"The windows of {first.id!r} and {second.id!r} can overlap for one participant.",
                f"Shorten window.before of {second.id!r} or window.after of {first.id!r}, or move "
                "one of the targets.",
            )


def _is_timed(root: Block, wave: Wave) -> bool:
    base = f"waves[{wave.order}]"
    fields = ("id", "anchor", "target", "window", "at", "repeat", "sampling")
    return bool(wave.id) and not any(root.faulty(f"{base}.{field}") for field in fields)


def _spans(protocol: Protocol, wave: Wave) -> list[_Span]:
    """Return the wave's span after its anchor, then after what that hangs on, up to enrolment.

    When a programme starts depends on the arm: what counts from it is compared with nothing else,
    and neither is what counts from the calendar. A wave's end, to which others may be anchored,
    can come at any time while it is open. A repeated wave lasts from its first window to its last.
    """
    waves = {other.id: other for other in protocol.waves}
    spans: list[_Span] = []
    opens = closes = 0.0
    current: Wave | None = wave
    while current is not None and len(spans) <= len(waves):
        day = calendar_day(current.anchor)
        target = current.target.nominal_days() + (0 if day is None else day.toordinal())
        opens += target - current.window.before.nominal_days()
        closes += target + current.window.after.nominal_days() + _course(current)
        before = _wave_before(protocol, current)
        event = PROGRAMME if current.anchor == PROGRAMME else ENROLMENT
        if day is not None:
            event = _CALENDAR
        spans.append(_Span(before or event, opens, closes))
        current = waves.get(before) if before is not None else None
    return spans


def _course(wave: Wave) -> float:
    """Return the days from the first to the last occurrence of a wave."""
    if wave.repeat is not None:
        return wave.repeat.every.times(wave.repeat.times - 1).nominal_days()
    if wave.sampling is not None:
        return float(wave.sampling.days)
    return 0.0


def _overlap(first: Wave, second: Wave, spans: dict[str, list[_Span]]) -> bool:
    if any(span.event == first.id for span in spans[second.id]):
        return False  # it opens only when the first one is over
    if any(span.event == second.id for span in spans[first.id]):
        return False
    of_first = {span.event: span for span in spans[first.id]}
    for span in spans[second.id]:
        other = of_first.get(span.event)
        if other is not None:
            low, high = _clock_times(first, second)
            return span.opens + low < other.closes and other.opens < span.closes + high
    return False


def _clock_times(first: Wave, second: Wave) -> tuple[float, float]:
    """Return by how much times of day can move the second window against the first, in days.

    A wave without ``at`` keeps its anchor's time of day, which can be any; that of a day on the
    calendar is midnight, from which sampled days are counted too.
    """
    one, other = _clock(first), _clock(second)
    if one is None and other is None:
        return 0.0, 0.0
    if one is None:
        return _fraction(other) - 1, _fraction(other)
    if other is None:
        return -_fraction(one), 1 - _fraction(one)
    shift = _fraction(other) - _fraction(one)
    return shift, shift


def _clock(wave: Wave) -> str | None:
    if wave.sampling is not None or (wave.at is None and calendar_day(wave.anchor) is not None):
        return "00:00"
    return wave.at


def _fraction(at: str | None) -> float:
    hours, minutes = (int(part) for part in (at or "00:00").split(":"))
    return (60 * hours + minutes) / 1440
