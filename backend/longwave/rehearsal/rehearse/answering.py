"""How virtual participants answer: by the demo's population where it fits, else simply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

import numpy as np

from longwave.domain.branching import visibility
from longwave.domain.instrument import Instrument, Item, ItemKind
from longwave.domain.items import AGREED, REFUSED, together, written
from longwave.domain.protocol.model import Protocol, Wave
from longwave.rehearsal.population import MEASUREMENTS, answers
from longwave.rehearsal.rehearse.assumptions import Assumptions
from longwave.rehearsal.rehearse.people import Virtual

_SPREAD = 0.22
"""The standard deviation of answers, as a share of the response scale."""

_STABLE = 0.6
"""How much of an answer is the person's own level; the rest is of the moment."""

_ATTENTIVE = 0.95
"""How often a question that checks whether somebody reads on is answered as it asks."""

_PICKED = 0.4
"""How often each of several options is chosen."""

_FIRST_DAY = date(2000, 1, 1)
_DAYS = 9000
_DAY_MINUTES = 24 * 60
_WORDS = "What a virtual participant writes."


def pages(
    person: Virtual, protocol: Protocol, wave: Wave, assumed: Assumptions
) -> Iterator[tuple[str, dict[str, str]]]:
    """Answer a wave's instruments, one after another, as their pages would send it.

    What is hidden by the answers so far is left out; what is passed over is blank.
    """
    settled: dict[tuple[str, str], str | None] = {}

    def is_shown(instrument_id: str, item: Item) -> bool:
        if item.when is None:
            return True
        shown = visibility(protocol.instruments, wave.instruments, settled)
        return shown[instrument_id, item.id] is True

    for name in wave.instruments:
        given: dict[str, str] = {}
        for item, value in _page(person, protocol.instruments[name], wave, assumed):
            if is_shown(name, item):
                given[item.id] = value
                settled[name, item.id] = None if value in ("", REFUSED) else value
        yield name, given


def _page(
    person: Virtual, instrument: Instrument, wave: Wave, assumed: Assumptions
) -> Iterator[tuple[Item, str]]:
    values = _values(person, instrument, wave)
    draws = person.rng.random(len(values))
    for item, value, draw in zip(instrument.asked, values, draws, strict=True):
        if draw < assumed.skips and not item.required:
            yield item, ""
        elif draw < assumed.skips + assumed.refuses and item.refusable:
            yield item, REFUSED
        else:
            yield item, value


def _values(person: Virtual, instrument: Instrument, wave: Wave) -> list[str]:
    asked = instrument.asked
    if instrument.id in MEASUREMENTS and all(item.kind == "likert" for item in instrument.items):
        row = answers(instrument, person.latents[wave.order][None, :], person.rng)[0]
        return [str(int(value)) for value in row]
    reverse = frozenset().union(*(scale.reversed for scale in instrument.scales))
    return [_value(person, instrument, item, -1.0 if item.id in reverse else 1.0) for item in asked]


def _value(person: Virtual, instrument: Instrument, item: Item, direction: float) -> str:
    if item.attention is not None and person.rng.random() < _ATTENTIVE:
        return item.attention
    if item.kind != "likert":
        return _SIMPLY[item.kind](item, person.rng)
    low, high = instrument.minimum, instrument.maximum
    noise = float(person.rng.standard_normal())
    z = direction * _STABLE * person.level + np.sqrt(1 - _STABLE**2) * noise
    point = (low + high) / 2 + _SPREAD * (high - low) * z
    return str(int(np.clip(np.rint(point), low, high)))


def _one(item: Item, rng: np.random.Generator) -> str:
    return item.options[int(rng.integers(len(item.options)))].value


def _several(item: Item, rng: np.random.Generator) -> str:
    picked = [option for option in item.options if rng.random() < _PICKED]
    alone = [option for option in picked if option.exclusive]
    return together(option.value for option in alone[:1] or picked) or _one(item, rng)


def _number(item: Item, rng: np.random.Generator) -> str:
    step = item.step or 1.0
    low = item.minimum if item.minimum is not None else min(0.0, item.maximum or 0.0)
    high = item.maximum if item.maximum is not None else max(low, 0.0) + 100 * step
    first = low if item.step is not None else float(np.ceil(low))
    if first > high:  # no whole number lies between
        return written(low)
    steps = int((high - first) / step + 1e-9)
    return written(round(first + step * int(rng.integers(steps + 1)), 9))


def _text(item: Item, _: np.random.Generator) -> str:
    return _WORDS[: item.max_length].strip()


def _date(item: Item, rng: np.random.Generator) -> str:
    first = date.fromisoformat(item.earliest) if item.earliest else None
    last = date.fromisoformat(item.latest) if item.latest else None
    if first is None:
        first = _FIRST_DAY if last is None else last - timedelta(days=_DAYS)
    days = _DAYS if last is None else (last - first).days
    return (first + timedelta(days=int(rng.integers(days + 1)))).isoformat()


def _time(item: Item, rng: np.random.Generator) -> str:
    first = 0 if item.earliest is None else _minutes(item.earliest)
    last = _DAY_MINUTES - 1 if item.latest is None else _minutes(item.latest)
    hour, minute = divmod(int(rng.integers(first, last + 1)), 60)
    return f"{hour:02}:{minute:02}"


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _agreement(_: Item, __: np.random.Generator) -> str:
    return AGREED


_SIMPLY: Mapping[ItemKind, Callable[[Item, np.random.Generator], str]] = {
    "choice": _one,
    "choices": _several,
    "number": _number,
    "slider": _number,
    "text": _text,
    "date": _date,
    "time": _time,
    "consent": _agreement,
}
