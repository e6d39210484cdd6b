"""The section of the waves: each as it is written, and whether it makes sense by itself."""

from __future__ import annotations

from collections.abc import Sequence

from longwave.domain.duration import Duration
from longwave.domain.protocol.anchors import REQUEST, calendar_day
from longwave.domain.protocol.block import Block, check_unique
from longwave.domain.protocol.model import Expiry, Repeat, Sampling, Wave, Window

_MOST_TIMES = 400
_MOST_DAYS = 90
_MOST_PER_DAY = 24
_MOST_REQUESTS = 99


def read_waves(root: Block, languages: Sequence[str]) -> tuple[Wave, ...]:
    """Read the planned measurement occasions, in their order."""
    blocks = root.blocks("waves", "wave")
    waves = tuple(_read_wave(block, order, languages) for order, block in enumerate(blocks))
    check_unique(blocks, [wave.id for wave in waves])
    if root.has("waves") and not waves and not root.faulty("waves"):
        root.fault("waves", "There is no wave.", "Plan at least one measurement occasion.")
    return waves


def _read_wave(block: Block, order: int, languages: Sequence[str]) -> Wave:
    repeat = _read_repeat(block.block("repeat", "repeat"))
    sampling = _read_sampling(block.block("sampling", "sampling"))
    wave = Wave(
        id=block.identifier("id"),
        order=order,
        label=block.texts("label", languages),
        anchor=block.text("anchor"),
        target=block.duration("target"),
        window=_read_window(block, sampling),
        at=block.time("at"),
        instruments=_read_instruments(block),
        repeat=repeat,
        sampling=sampling,
        expires=_read_expiry(block.block("expires", "expires")),
        at_most=block.integer("at_most", 1, _MOST_REQUESTS),
        reminders=read_reminders(block) if block.has("reminders") else None,
        review=block.flag("review", default=False),
    )
    if block.usable:
        _check_together(block, wave)
        _check_repeat(block, wave)
        _check_first_day(block, wave)
        _check_expiry(block, wave)
    return wave


def read_reminders(block: Block) -> tuple[Duration, ...]:
    """Read after how long reminders go out, be it in all or of one wave."""
    reminders = block.durations("reminders")
    days = [reminder.nominal_days() for reminder in reminders]
    if not block.faulty("reminders"):
        for index, day in enumerate(days):
            if day <= (days[index - 1] if index else 0):
                block.fault(
                    f"reminders[{index}]",
                    "Reminders must follow one another, the first of them after the opening.",
                    "Write growing durations such as [P3D, P7D].",
                )
    return reminders


def _read_instruments(block: Block) -> tuple[str, ...]:
    instruments = block.texts_in("instruments")
    if block.has("instruments") and not instruments and not block.faulty("instruments"):
        block.fault("instruments", "The wave asks nothing.", "List at least one instrument.")
    for index, name in enumerate(instruments):
        if name and name in instruments[:index]:
            block.fault(
                f"instruments[{index}]", f"{name!r} is listed twice.", "Remove one of the two."
            )
    return instruments


def _read_window(block: Block, sampling: Sampling | None) -> Window:
    if sampling is not None:
        return Window(Duration(), sampling.expires)
    window = block.block("window", "window")
    if window is None:
        if block.usable and not block.has("sampling"):
            block.fault("window", "The field 'window' is missing.", "Add 'window' with its value.")
        return Window(Duration(), Duration())
    return Window(before=window.duration("before"), after=window.duration("after"))


def _read_repeat(block: Block | None) -> Repeat | None:
    if block is None or not block.usable:
        return None
    every = block.duration("every")
    if block.has("every") and not block.faulty("every") and not every.nominal_days():
        block.fault("every", "The wave cannot come again at once.", "Write for instance P1W.")
    return Repeat(every=every, times=block.integer("times", 2, _MOST_TIMES))


def _read_expiry(block: Block | None) -> Expiry | None:
    if block is None or not block.usable:
        return None
    spans = {name: block.duration(name) for name in ("unopened", "idle") if block.has(name)}
    for name, span in spans.items():
        if not block.faulty(name) and not span.nominal_days():
            block.fault(name, "Nothing can close at once.", "Write for instance PT12H.")
    if not spans and not block.faulty():
        block.fault("", "No rule is given.", "Add unopened or idle, or remove 'expires'.")
    return Expiry(unopened=spans.get("unopened"), idle=spans.get("idle"))


def _read_sampling(block: Block | None) -> Sampling | None:
    if block is None or not block.usable:
        return None
    times = block.times("between")
    between = ("00:00", "23:59")
    if block.has("between") and not block.faulty("between"):
        if len(times) == 2 and times[0] < times[1]:
            between = (times[0], times[1])
        else:
            block.fault(
                "between",
                "Prompts come between two times of one day, the earlier one first.",
                'Write for instance ["09:00", "21:00"].',
            )
    sampling = Sampling(
        days=block.integer("days", 1, _MOST_DAYS),
        per_day=block.integer("per_day", 1, _MOST_PER_DAY),
        between=between,
        apart=_read_span(block, "apart", "PT90M"),
        expires=_read_span(block, "expires", "PT30M"),
    )
    if not block.faulty():
        _check_sampling(block, sampling)
    return sampling


def _read_span(block: Block, field: str, example: str) -> Duration:
    """Read a span within a day, in hours and minutes."""
    span = block.duration(field)
    within_a_day = not span.months and not span.days and 0 < span.minutes < 1440
    if block.has(field) and not block.faulty(field) and not within_a_day:
        block.fault(
            field,
            "A span of hours and minutes is expected, above zero and below a day.",
            f"Write for instance {example}.",
        )
    return span


def _check_sampling(block: Block, sampling: Sampling) -> None:
    apart, expires = sampling.apart.minutes, sampling.expires.minutes
    start, end = (_minutes(text) for text in sampling.between)
    if expires > apart:
        block.fault(
            "expires",
            "A prompt could still be open when the next one comes.",
            f"Write at most {sampling.apart}, which is 'apart'.",
        )
    if (sampling.per_day - 1) * apart >= end - start:
        most = (end - start - 1) // apart + 1
        block.fault(
            "per_day",
            f"{sampling.per_day} prompts at least {sampling.apart} apart leave nothing to chance "
            f"between {sampling.between[0]} and {sampling.between[1]}.",
            f"Write at most {most}, shorten 'apart', or widen 'between'.",
        )
    if sampling.days > 1 and start + 1440 - end < apart:
        block.fault(
            "between",
            f"The last prompt of a day and the first of the next can be closer than "
            f"{sampling.apart}.",
            "Shorten 'between' or 'apart'.",
        )


def _check_together(block: Block, wave: Wave) -> None:
    """Note fields that exclude one another."""
    if block.has("sampling"):
        for field, why in (
            ("window", "Each prompt has the window that sampling.expires says."),
            ("at", "The times of day are drawn."),
            ("repeat", "Sampled prompts come by themselves on each day."),
        ):
            if block.has(field):
                remedy = "Remove it, or remove 'sampling'."
                if field == "repeat":
                    remedy = "Remove it, and write one wave for each burst of prompts."
                block.fault(field, why, remedy)
    if block.has("at_most") and wave.anchor and wave.anchor != REQUEST:
        block.fault("at_most", "Only a wave on request has 'at_most'.", "Remove the field.")
    if wave.anchor == REQUEST:
        for field in ("repeat", "sampling"):
            if block.has(field):
                block.fault(
                    field,
                    "A wave on request comes once for each request.",
                    "Remove it, and say with at_most how often it may be requested.",
                )


def _check_repeat(block: Block, wave: Wave) -> None:
    fields = ("repeat", "window", "sampling")
    if wave.repeat is None or any(block.faulty(field) for field in fields):
        return
    before, after = wave.window.before, wave.window.after
    if not before.nominal_days() and after == wave.repeat.every:
        return  # one closes when the next opens, at the end of any month
    if before.longest_days() + after.longest_days() > wave.repeat.every.shortest_days():
        block.fault(
            "repeat.every",
            f"One window can still be open when the next one opens, {wave.repeat.every} later.",
            "Shorten the window, or lengthen 'every'.",
        )


def _check_first_day(block: Block, wave: Wave) -> None:
    if wave.sampling is None or block.faulty("target") or calendar_day(wave.anchor) is not None:
        return
    if wave.anchor and block.has("target") and wave.target.shortest_days() < 1:
        block.fault(
            "target",
            f"On the very day of {wave.anchor}, prompts could come before it.",
            "Write P1D or more.",
        )


def _check_expiry(block: Block, wave: Wave) -> None:
    if wave.expires is None or any(block.faulty(name) for name in ("window", "sampling")):
        return
    length = wave.window.before.nominal_days() + wave.window.after.nominal_days()
    for field, span in (("unopened", wave.expires.unopened), ("idle", wave.expires.idle)):
        if span is None or block.faulty(f"expires.{field}") or not length:
            continue
        if span.nominal_days() >= length:
            block.fault(
                f"expires.{field}",
                f"The window is open for {length:g} days, and closes before this rule does.",
                "Shorten the duration, or remove it.",
            )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)
