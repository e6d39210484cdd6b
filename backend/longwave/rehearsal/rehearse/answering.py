"""How virtual participants answer: by the demo's population where it fits, else simply."""

from __future__ import annotations

import numpy as np

from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import REFUSED
from longwave.domain.protocol.model import Wave
from longwave.rehearsal.population import MEASUREMENTS, answers
from longwave.rehearsal.rehearse.assumptions import Assumptions
from longwave.rehearsal.rehearse.people import Virtual

_SPREAD = 0.22
"""The standard deviation of answers, as a share of the response scale."""

_STABLE = 0.6
"""How much of an answer is the person's own level; the rest is of the moment."""


def page(
    person: Virtual, instrument: Instrument, wave: Wave, assumed: Assumptions
) -> dict[str, str]:
    """Answer one instrument, as its page would send it; items that are passed over are left out."""
    values = _values(person, instrument, wave)
    draws = person.rng.random(len(values))
    given: dict[str, str] = {}
    for item, value, draw in zip(instrument.items, values, draws, strict=True):
        if draw < assumed.skips and not item.required:
            continue
        refuses = draw < assumed.skips + assumed.refuses and not item.required
        given[item.id] = REFUSED if refuses else value
    return given


def _values(person: Virtual, instrument: Instrument, wave: Wave) -> list[str]:
    if instrument.id in MEASUREMENTS and all(item.kind == "likert" for item in instrument.items):
        row = answers(instrument, person.latents[wave.order][None, :], person.rng)[0]
        return [str(int(value)) for value in row]
    reverse = frozenset().union(*(scale.reversed for scale in instrument.scales))
    return [
        _value(person, instrument, item, -1.0 if item.id in reverse else 1.0)
        for item in instrument.items
    ]


def _value(person: Virtual, instrument: Instrument, item: Item, direction: float) -> str:
    rng = person.rng
    if item.kind == "choice":
        return item.options[int(rng.integers(len(item.options)))].value
    if item.kind == "number":
        low = 0.0 if item.minimum is None else item.minimum
        high = max(low, 100.0) if item.maximum is None else item.maximum
        if np.floor(high) < np.ceil(low):
            return f"{low:g}"
        return str(int(rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1)))
    low, high = instrument.minimum, instrument.maximum
    noise = float(rng.standard_normal())
    z = direction * _STABLE * person.level + np.sqrt(1 - _STABLE**2) * noise
    point = (low + high) / 2 + _SPREAD * (high - low) * z
    return str(int(np.clip(np.rint(point), low, high)))
