"""Programmes as a protocol plans them: courses and daily practice, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from longwave.domain.duration import Duration

Text = Mapping[str, str]
"""One text in several languages, by language code."""


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio file of the protocol's folder; ``hash`` is its SHA-256, ``size`` in bytes."""

    path: str
    hash: str
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class Material:
    """What a session or a day's practice brings: Markdown and perhaps audio, by language."""

    text: Text
    audio: Mapping[str, Audio] = field(default_factory=dict)
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class BatchStart:
    """When the groups of a course start: with so many ``members``, or on a day (ISO 8601).

    The first session is at the local time ``at`` ("HH:MM"): on that day, or ``lead`` after the
    last of the members joined.
    """

    at: str
    members: int | None = None
    lead: Duration = field(default_factory=Duration)
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """The intervention: a course of sessions, or daily practice.

    Daily practice goes on for ``days``, or as long as its participant is followed; from the local
    time ``prompt`` ("HH:MM") on, each day's is there and a message says so.
    """

    id: str
    kind: Literal["course", "daily"]
    label: Text
    sessions: int | None
    every: Duration | None
    minutes: int | None
    capacity: int | None
    days: int | None = None
    prompt: str | None = None
    batch_start: BatchStart | None = None
    facilitator: str | None = None
    materials: tuple[Material, ...] = ()

    @property
    def total(self) -> int | None:
        """How many sessions, or days of practice, there are; None if there is no end."""
        return self.sessions if self.kind == "course" else self.days

    def material(self, session: int) -> Material | None:
        """Return what a session (from 1) brings; that of daily practice begins anew at its end."""
        if not self.materials or (self.kind == "course" and session > len(self.materials)):
            return None
        return self.materials[(session - 1) % len(self.materials)]

    def minutes_of(self, session: int) -> int | None:
        """Return how long a session is meant to take."""
        material = self.material(session)
        return self.minutes if material is None or material.minutes is None else material.minutes
