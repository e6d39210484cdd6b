"""A whole cohort, driven through the running system from the first visit to the last wave."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count
from urllib.parse import urlsplit

from longwave.domain.blinding import Viewer
from longwave.domain.consent import normal_email
from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import Role
from longwave.domain.protocol.model import Protocol
from longwave.jobs.tick import Clockwork
from longwave.keys import Purpose
from longwave.rehearsal.catcher import MailCatcher, is_consent_copy, link_in
from longwave.rehearsal.clock import VirtualClock
from longwave.rehearsal.person import Person, Response
from longwave.rehearsal.population import Population
from longwave.rehearsal.visits import Visits
from longwave.services import assessment as assessments
from longwave.services import safety
from longwave.services.study import get_study
from longwave.storage import participant as participants
from longwave.storage.tables.base import key

_TICK_AT = time(6, 10)
"""When the clockwork ticks each day, in UTC; the demo's waves open at 06:00."""

COORDINATOR = Viewer("coordinator@demo.invalid", Role.COORDINATOR, blinded=True)
"""Who looks after alerts, some hours after the mail about them."""

_UNTIL_SOMEBODY_LOOKS = timedelta(hours=3)


@dataclass(slots=True)
class Tally:
    """What happened so far; shown while it happens."""

    day: int = 0
    days: int = 0
    enrolled: int = 0
    completed: int = 0
    responses: Counter[Response] = field(default_factory=Counter)


Watcher = Callable[[Tally], None]


class Cohort:
    """Runs people through the system; the clock moves only from one thing to the next."""

    def __init__(
        self,
        protocol: Protocol,
        population: Population,
        *,
        clock: VirtualClock,
        clockwork: Clockwork,
        catcher: MailCatcher,
        visits: Visits,
        end: datetime,
        watch: Watcher,
    ) -> None:
        self._protocol = protocol
        self._population = population
        self._clock = clock
        self._clockwork = clockwork
        self._catcher = catcher
        self._visits = visits
        self._end = end
        self._watch = watch
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()
        self._people: dict[str, Person] = {}
        self._links: set[str] = set()
        self.tally = Tally()

    def run(self, people: list[Person], arrivals: list[datetime]) -> None:
        """Let everybody come, and let time pass until the end."""
        start = self._clock()
        self.tally.days = (self._end - start).days
        for person, at in zip(people, arrivals, strict=True):
            self._people[person.email] = person
            self._at(at, partial(self._enrol, person))
        first = datetime.combine(start.date() + timedelta(days=1), _TICK_AT, start.tzinfo)
        for day in range(self.tally.days):
            self._at(first + timedelta(days=day), self._tick)
        while self._queue:
            at, _, action = heapq.heappop(self._queue)
            if at > self._end:
                break
            self._clock.move_to(max(at, self._clock()))
            action()
        self._clock.move_to(self._end)
        self._clockwork.tick()
        self.tally.day = self.tally.days
        self._watch(self.tally)

    def _at(self, at: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._numbers), action))

    def _tick(self) -> None:
        self._clockwork.tick()
        self._read_mail()
        self.tally.day += 1
        self._watch(self.tally)

    def _enrol(self, person: Person) -> None:
        self._visits.enrol(person)
        if person.eligible:
            self.tally.enrolled += 1
        self._clockwork.dispatch()
        self._read_mail()

    def _read_mail(self) -> None:
        for address in self._catcher.addresses_with_mail():
            if address not in self._people:  # of the team, who are written to about alerts alone
                self._catcher.collect(address)
                self._at(self._clock() + _UNTIL_SOMEBODY_LOOKS, self._look_after)
            for mail in self._catcher.collect(address):
                url = link_in(mail)
                if is_consent_copy(mail):
                    continue
                if url is None:
                    raise LongwaveError(f"A mail to {address} has no link.", "See mail/.")
                link = urlsplit(url).path
                if link not in self._links:
                    self._links.add(link)
                    self._decide(self._people[address], link)

    def _look_after(self) -> None:
        """Let the coordinator look after every alert that waits."""
        with self._clockwork.database.writing() as session:
            study = get_study(session, self._protocol.study.slug)
            for alert in safety.read_alerts(session, study, COORDINATOR):
                safety.acknowledge(
                    session,
                    study,
                    alert.name,
                    note="Called; a talk was offered.",
                    viewer=COORDINATOR,
                    keys=self._clockwork.keys,
                    now=self._clock(),
                )

    def _decide(self, person: Person, link: str) -> None:
        """Decide what to do with an invitation; reminders of it change nothing."""
        with self._clockwork.database.reading() as session:
            token = link.rpartition("/")[2]
            wave = assessments.follow_link(session, token, now=self._clock()).wave
        place = self._protocol.wave(wave).order
        if person.has_left or person.leaves_open(place, len(self._protocol.waves)):
            return
        response = person.responds(place)
        self.tally.responses[response] += 1
        if response in (Response.DROPS_OUT, Response.WITHDRAWS):
            person.has_left = True
        at = self._clock() + person.delay(place)
        if response not in (Response.DROPS_OUT, Response.MISSES):
            self._at(at, partial(self._visit, person, link, wave, response))

    def _visit(self, person: Person, link: str, wave_id: str, response: Response) -> None:
        wave = self._protocol.wave(wave_id)
        if response is Response.WITHDRAWS:
            self._visits.leave(person, link)
            return
        pages = 1 if response is Response.STOPS_HALF_WAY else None
        if self._visits.answer(person, link, wave, pages=pages):
            self.tally.completed += 1
            self._learn_arm(person)

    def _learn_arm(self, person: Person) -> None:
        """Give a person the programme's effect once the system has allocated an arm."""
        if person.shift is not None:
            return
        digest = self._clockwork.keys.mac(Purpose.DUPLICATES, normal_email(person.email))
        with self._clockwork.database.reading() as session:
            study = get_study(session, self._protocol.study.slug)
            contact = participants.contact_by_digest(session, key(study), digest)
            if contact is None:
                return
            found = participants.allocation(session, contact.participant_id)
        if found is not None:
            person.shift = self._population.shift(self._protocol, found.arm)
