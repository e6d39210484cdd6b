"""One virtual participant: who they are, and how they take part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

import numpy as np

from longwave.rehearsal.population import BURNOUT, VARIABLES, Floats

_PROFESSIONS = ("nurse", "physician", "psychologist")
_SHARES = (0.5, 0.3, 0.2)
_BURNOUT = VARIABLES.index(BURNOUT)
_SAVES_ITEM_BY_ITEM = 20
_SPEAK_FIRST = 0.6
_SKIPS = 0.015
_REFUSES = 0.005


class Response(Enum):
    """What a person does with an invitation."""

    ANSWERS = "answers"
    STOPS_HALF_WAY = "stops half-way"
    MISSES = "misses this one"
    DROPS_OUT = "answers no more"
    WITHDRAWS = "leaves the study"


@dataclass(slots=True)
class Person:
    """A virtual participant.

    ``latents`` are those of an untreated life, (waves, 2); the programme's shift is added
    when the arm is known. ``cookies`` is the person's browser's jar.
    """

    number: int
    latents: Floats
    rng: np.random.Generator
    site: str
    language: str
    profession: str
    age: int
    eligible: bool = True
    keeps_last_open: bool = False
    shift: Floats | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    has_left: bool = False

    @property
    def email(self) -> str:
        """An address of a domain that can never exist (RFC 6761)."""
        return f"person{self.number:05d}@clinic.invalid"

    @property
    def name(self) -> str:
        """A name that nobody takes for a real one."""
        return f"Virtual Participant {self.number}"

    @property
    def saves_item_by_item(self) -> bool:
        """Whether this one's browser saves each answer as it is given."""
        return self.number % _SAVES_ITEM_BY_ITEM == 0

    def at_wave(self, place: int) -> Floats:
        """Return the latent variables at a wave, (2,), the programme's effect included."""
        level = self.latents if self.shift is None else self.latents + self.shift
        here: Floats = level[place]
        return here

    def responds(self, place: int) -> Response:
        """Decide what to do with the invitation to a wave; burnout keeps people away."""
        if place == 0 or self.keeps_last_open:
            return Response.ANSWERS
        burnout = float(self.at_wave(place - 1)[_BURNOUT])
        draw = self.rng.random()
        leaves = 0.04 / (1 + np.exp(-1.2 * burnout)) * 2
        if draw < leaves:
            return Response.WITHDRAWS if self.rng.random() < 0.3 else Response.DROPS_OUT
        if draw < leaves + 0.05:
            return Response.MISSES
        return Response.STOPS_HALF_WAY if draw > 0.98 else Response.ANSWERS

    def leaves_open(self, place: int, waves: int) -> bool:
        """Whether this person leaves the invitation to a wave for somebody to try by hand."""
        return self.keeps_last_open and place == waves - 1

    def delay(self, place: int) -> timedelta:
        """Return how long after an invitation this person answers; some wait for a reminder."""
        if place == 0:
            return timedelta(minutes=float(self.rng.uniform(2, 40)))
        days = self.rng.exponential(1.2) if self.rng.random() < 0.75 else 3.2 + self.rng.random()
        return timedelta(days=float(min(days, 9.0)))

    def choose(self, items: int) -> list[str]:
        """Decide for each item whether to ``answer``, ``skip`` or ``refuse`` it."""
        draws = self.rng.random(items)
        return [
            "skip" if draw < _SKIPS else "refuse" if draw < _SKIPS + _REFUSES else "answer"
            for draw in draws
        ]


def make_people(latents: Floats, sites: list[str], languages: list[str], seed: int) -> list[Person]:
    """Make one person for each row of ``latents``, shape (n, waves, 2); seeded one by one."""
    seeds = np.random.SeedSequence(seed).spawn(len(latents))
    return [
        _make(number, row, np.random.default_rng(child), sites, languages)
        for number, (row, child) in enumerate(zip(latents, seeds, strict=True), start=1)
    ]


def _make(
    number: int, latents: Floats, rng: np.random.Generator, sites: list[str], languages: list[str]
) -> Person:
    return Person(
        number=number,
        latents=latents,
        rng=rng,
        site=sites[int(rng.integers(len(sites)))],
        language=_language(languages, rng.random()),
        profession=str(rng.choice(_PROFESSIONS, p=_SHARES)),
        age=int(rng.integers(24, 62)),
    )


def _language(languages: list[str], draw: float) -> str:
    """Give most people the study's first language, and the others its further ones alike."""
    first, *others = languages
    if draw < _SPEAK_FIRST or not others:
        return first
    return others[int((draw - _SPEAK_FIRST) / (1 - _SPEAK_FIRST) * len(others))]
