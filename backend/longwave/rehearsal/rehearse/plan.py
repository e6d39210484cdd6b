"""What is to be rehearsed, and who comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol import Protocol
from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import Course, instant, timeline
from longwave.rehearsal.population import Population
from longwave.rehearsal.rehearse.assumptions import Assumptions, check_assumptions
from longwave.rehearsal.rehearse.people import Virtual, make_people

_EARLIEST, _LATEST = date(1970, 1, 2), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be rehearsed.

    Attributes
    ----------
    files
        The protocol's files, as `longwave.resources.protocol_files` gives them.
    participants
        How many people come.
    seed
        The same seed gives the same people, arms and answers.
    start
        The day on which the study opens, where it is at home.
    assumed
        What is assumed of people.
    """

    files: Mapping[str, bytes]
    participants: int
    seed: int
    start: date
    assumed: Assumptions = field(default_factory=Assumptions)

    def check(self, protocol: Protocol) -> None:
        """Refuse a plan that cannot be carried out.

        Raises
        ------
        InvalidInputError
            Saying what is wrong with it.
        """
        if self.participants < 1:
            raise InvalidInputError(
                f"{self.participants} participants are too few.", "Rehearse with 1 or more."
            )
        if self.seed < 0:
            raise InvalidInputError(f"The seed is {self.seed}.", "Give 0 or a larger number.")
        if not _EARLIEST <= self.start <= _LATEST:
            raise InvalidInputError(
                f"The study cannot start on {self.start}.",
                f"Name a day from {_EARLIEST} to {_LATEST}.",
            )
        check_assumptions(self.assumed, protocol)

    def opens_at(self, protocol: Protocol) -> datetime:
        """Return when the study opens: at the beginning of its first day."""
        midnight = datetime.combine(self.start, datetime.min.time())
        return instant(midnight, protocol.study.timezone)

    def people(self, protocol: Protocol) -> list[Virtual]:
        """Make everybody who comes, in the order in which they do."""
        rng = np.random.default_rng([self.seed, 2])
        latents = Population().latents(self.participants, len(protocol.waves), rng)
        return make_people(protocol, self.assumed, latents, start=self.start, seed=self.seed)


def longest_course(protocol: Protocol, opens_at: datetime) -> timedelta:
    """Return the time from enrolment to the last closing of a window, in the longest arm."""
    seed = bytes.fromhex(protocol.hash)
    course = Course(
        enrolled_at=opens_at,
        zone=protocol.study.timezone,
        draws=lambda wave: Draws(seed, wave).below,
    )
    arms: list[str | None] = [*protocol.arms] or [None]
    ends = [
        occasion.window.closes_at
        for arm in arms
        for occasion in timeline(protocol, arm, course).occasions
    ]
    return max([opens_at + timedelta(days=1), *ends]) - opens_at
