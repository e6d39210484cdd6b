"""Answers to the eligibility questions with which somebody may take part."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from longwave.domain.eligibility import Verdict, judge
from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Item
from longwave.domain.protocol.model import Eligibility
from longwave.rehearsal.rehearse.assumptions import Numbers, Shares

_TRIES = 2_000
_SOON = 200
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WIDEST = (0.0, 100.0)


class Passing:
    """Draws answers until they pass: evenly, or as is assumed.

    Where even draws do not find any soon, numbers that stand in the rules are tried too, and
    those beside them.
    """

    def __init__(self, plan: Eligibility, assumed: Mapping[str, Shares | Numbers]) -> None:
        self._plan = plan
        self._assumed = assumed
        rules = " ".join([plan.rule or "", *(criterion.rule for criterion in plan.criteria)])
        told = [float(number) for number in _NUMBER.findall(rules)]
        self._hints = sorted({hint for number in told for hint in (number - 1, number, number + 1)})

    def draw(self, rng: np.random.Generator) -> dict[str, str]:
        """Return the answers of one person, as a form would send them.

        Raises
        ------
        InvalidInputError
            If none that pass are found.
        """
        for attempt in range(_TRIES):
            answers = {
                item.id: self._answer(item, rng, hinted=attempt >= _SOON)
                for item in self._plan.items
            }
            if judge(self._plan, answers).verdict is Verdict.ELIGIBLE:
                return answers
        raise InvalidInputError(
            f"In {_TRIES} tries no answers to the eligibility questions were found that pass.",
            "Name some: --assume FILE with screening: {item: {value: share}} or {item: [low, high]}"
            ", or check whether anybody can fulfil the rules.",
        )

    def _answer(self, item: Item, rng: np.random.Generator, *, hinted: bool) -> str:
        given = self._assumed.get(item.id)
        if item.kind != "number":
            return str(choose(given if isinstance(given, Mapping) else _alike(item), rng))
        low, high = given if isinstance(given, tuple) else _bounds(item)
        hints = [hint for hint in self._hints if low <= hint <= high] if hinted else []
        if hints and rng.random() < 0.5:
            return f"{hints[int(rng.integers(len(hints)))]:g}"
        if np.floor(high) < np.ceil(low):
            return f"{low:g}"
        return str(int(rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1)))


def choose(shares: Shares, rng: np.random.Generator) -> str:
    """Return one of the names, as likely as its share of all shares."""
    names = list(shares)
    weights = np.array([shares[name] for name in names], dtype=float)
    place = int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum(), side="right"))
    return names[min(place, len(names) - 1)]


def _alike(item: Item) -> Shares:
    return dict.fromkeys((option.value for option in item.options), 1.0)


def _bounds(item: Item) -> Numbers:
    low = _WIDEST[0] if item.minimum is None else item.minimum
    high = max(low, _WIDEST[1]) if item.maximum is None else item.maximum
    return low, high
