"""The virtual participants of a rehearsal: who they are, and what they will do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum

import numpy as np

from longwave.domain.protocol.anchors import REQUEST
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import instant, wall_clock
from longwave.rehearsal.population import Floats
from longwave.rehearsal.rehearse.assumptions import Assumptions, Shares
from longwave.rehearsal.rehearse.screening import Passing, choose

_FIRST_HOUR = time(8)
_HOURS = 13
_SOONEST = timedelta(minutes=1)


class Fate(Enum):
    """What becomes of an assessment that somebody is invited to."""

    ANSWERS = "answers"
    WAITS = "answers a further message"
    LEAVES_OUT = "leaves it out"


class Depth(Enum):
    """How far somebody comes who opens an assessment."""

    LOOKS = "looks only"
    BREAKS_OFF = "breaks off"
    SUBMITS = "submits"


@dataclass(slots=True)
class Virtual:
    """A virtual participant. What hangs on chance is drawn from ``rng``, in order of time.

    ``level`` is a stable disposition in standard deviations; ``latents`` are those of the
    demo's population at each wave, (waves, 2). ``leaves`` holds the shares of the course at
    which the person drops out, withdraws or pauses, where that happens; ``asks`` those at which
    a wave on request is requested, by its id.
    """

    number: int
    rng: np.random.Generator
    arrives_at: datetime
    site: str
    language: str
    zone: str
    screening: dict[str, str]
    uses: frozenset[str]
    level: float
    latents: Floats
    leaves: dict[str, float]
    asks: dict[str, list[float]]
    participant_id: int | None = None
    silent_from: datetime | None = None
    met: dict[str, Fate] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """An address of a domain that can never exist (RFC 6761)."""
        return address(self.number)

    @property
    def name(self) -> str:
        """A name that nobody takes for a real one."""
        return f"Virtual Participant {self.number}"

    def meets(self, assumed: Assumptions, *, reminded: bool) -> Fate:
        """Decide what becomes of an assessment that the first message tells of."""
        if self.rng.random() < assumed.nonresponse:
            return Fate.LEAVES_OUT
        return Fate.WAITS if reminded and self.rng.random() < assumed.waits else Fate.ANSWERS

    def goes(self, assumed: Assumptions) -> Depth:
        """Decide how far to come in an assessment that was opened."""
        if self.rng.random() < assumed.looks_only:
            return Depth.LOOKS
        return Depth.BREAKS_OFF if self.rng.random() < assumed.partial else Depth.SUBMITS

    def delay(self, assumed: Assumptions, left: timedelta) -> timedelta:
        """Return how long after a message this person answers, of the time that is left."""
        share = float(self.rng.exponential(assumed.delay))
        return max(_SOONEST, left * share)


def address(number: int) -> str:
    """Return the address of a virtual participant."""
    return f"person{number:06d}@rehearsal.invalid"


def number_of(recipient: str) -> int:
    """Return whose address this is."""
    return int(recipient.removeprefix("person").partition("@")[0])


def make_people(
    protocol: Protocol,
    assumed: Assumptions,
    latents: Floats,
    *,
    start: date,
    seed: int,
) -> list[Virtual]:
    """Make one person for each row of ``latents``, (n, waves, 2), by when they come."""
    maker = _Maker(protocol, assumed, start)
    seeds = np.random.SeedSequence([seed, 4]).spawn(len(latents))
    arrivals = np.sort(np.random.default_rng([seed, 5]).random(len(latents)))
    return [
        maker.make(number, np.random.default_rng(child), float(share), row)
        for number, (child, share, row) in enumerate(
            zip(seeds, arrivals, latents, strict=True), start=1
        )
    ]


class _Maker:
    def __init__(self, protocol: Protocol, assumed: Assumptions, start: date) -> None:
        self._protocol = protocol
        self._assumed = assumed
        self._passing = Passing(protocol.eligibility, assumed.screening)
        self._sites = assumed.sites or _alike(protocol.sites)
        self._languages = assumed.languages or _alike(protocol.study.languages)
        self._start = start
        first = datetime.combine(start, time())
        self._days = max(1, (assumed.recruitment.after(first) - first).days)

    def make(self, number: int, rng: np.random.Generator, share: float, latents: Floats) -> Virtual:
        assumed = self._assumed
        zone = self._zone(rng)
        return Virtual(
            number=number,
            rng=rng,
            arrives_at=self._arrival(share, zone, rng),
            site=choose(self._sites, rng),
            language=choose(self._languages, rng),
            zone=zone,
            screening=self._passing.draw(rng),
            uses=frozenset(
                use.id for use in self._protocol.consent.uses if rng.random() < assumed.allows
            ),
            level=float(rng.standard_normal()),
            latents=latents,
            leaves={
                what: float(rng.random())
                for what, risk in (
                    ("dropout", assumed.dropout),
                    ("withdrawal", assumed.withdrawal),
                    ("pause", assumed.pausing),
                )
                if rng.random() < risk
            },
            asks={
                wave.id: [float(share) for share in rng.random(rng.poisson(assumed.requests))]
                for wave in self._protocol.waves
                if wave.anchor == REQUEST
            },
        )

    def _zone(self, rng: np.random.Generator) -> str:
        home = self._protocol.study.timezone
        others = {zone: share for zone, share in self._assumed.zones.items() if zone != home}
        return choose({home: max(0.0, 1 - sum(others.values())), **others}, rng)

    def _arrival(self, share: float, zone: str, rng: np.random.Generator) -> datetime:
        day = self._start + timedelta(days=int(share * self._days))
        seconds = int(rng.integers(_HOURS * 3600))
        return instant(datetime.combine(day, _FIRST_HOUR) + timedelta(seconds=seconds), zone)


def _alike(names: Iterable[str]) -> Shares:
    return dict.fromkeys(names, 1.0)


def after_pause(at: datetime, person: Virtual, assumed: Assumptions) -> datetime:
    """Return when somebody who pauses messages at an instant wants them again."""
    return instant(assumed.pause.after(wall_clock(at, person.zone)), person.zone)
