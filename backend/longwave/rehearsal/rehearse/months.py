"""The virtual months: a clock that jumps from one thing to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from longwave.jobs.tick import Clockwork
from longwave.rehearsal.clock import VirtualClock
from longwave.rehearsal.rehearse.acts import Acts
from longwave.rehearsal.rehearse.assumptions import Assumptions
from longwave.rehearsal.rehearse.people import Fate, Virtual, after_pause, number_of
from longwave.rehearsal.rehearse.post import PostBox
from longwave.storage import due
from longwave.storage.database import Database

_GRID = timedelta(minutes=1)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """What happened so far; shown while it happens."""

    day: int = 0
    days: int = 0
    enrolled: int = 0
    turned_away: int = 0
    submitted: int = 0
    messages: int = 0
    paused: int = 0
    ticks: int = 0


Watcher = Callable[[Tally], None]


def unwatched(_: Tally) -> None:
    """Tell nobody how far it is."""


class Months:
    """Lets a cohort come and time pass, until nothing more is due.

    The clockwork ticks on the minute, whenever something has become due; what people do
    happens in between.
    """

    def __init__(
        self,
        database: Database,
        clockwork: Clockwork,
        clock: VirtualClock,
        post: PostBox,
        acts: Acts,
        assumed: Assumptions,
        *,
        course: timedelta,
        reminds: Callable[[str, datetime], bool],
        watch: Watcher,
    ) -> None:
        self._database = database
        self._clockwork = clockwork
        self._clock = clock
        self._post = post
        self._acts = acts
        self._assumed = assumed
        self._course = course
        self._reminds = reminds
        self._watch = watch
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()
        self._people: dict[int, Virtual] = {}
        self._start = clock()
        self._ticked = clock()
        self._resumed = False
        self.tally = Tally()

    def run(self, people: Sequence[Virtual]) -> None:
        """Let everybody come, and let time pass until nothing more can happen."""
        for person in people:
            self._people[person.number] = person
            self._at(person.arrives_at, partial(self._enrol, person))
        self.tally.days = (people[-1].arrives_at - self._start + self._course).days
        while True:
            due = self._next_due()
            tick = _on_the_grid(max(min(due), self._clock()))
            if self._queue and self._queue[0][0] <= tick:
                at, _, act = heapq.heappop(self._queue)
                self._move(at)
                act()
            elif tick < _NEVER:
                self._move(tick)
                self._tick(sweeps=due[0] <= tick)
            else:
                return

    def _move(self, at: datetime) -> None:
        self._clock.move_to(max(at, self._clock()))
        day = (self._clock() - self._start).days
        if day > self.tally.day:
            self.tally.day = day
            self.tally.messages = self._post.taken
            self._watch(self.tally)

    def _at(self, at: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._numbers), act))

    def _next_due(self) -> tuple[datetime, datetime]:
        """Return when the sweep and the outbox are next due."""
        with self._database.reading() as session:
            found = due.next_due(session, after=self._ticked)
        sweep, outbox = (_NEVER if at is None else at for at in found)
        return sweep, self._clock() if self._resumed else outbox

    def _tick(self, *, sweeps: bool) -> None:
        """Let the clockwork do what is due; a sweep that has nothing to do is left out."""
        if sweeps:
            self._clockwork.sweep()
        self._clockwork.dispatch()
        self._ticked = self._clock()
        self._resumed = False
        self.tally.ticks += 1
        for recipient, token in self._post.empty():
            self._read(self._people[number_of(recipient)], token)

    def _read(self, person: Virtual, token: str) -> None:
        """Let somebody decide what to do with a message that has a link."""
        now = self._clock()
        fate = person.met.get(token)
        if fate is None:
            fate = person.meets(self._assumed, reminded=self._reminds(token, now))
            person.met[token] = fate
            if fate is not Fate.ANSWERS:
                return
        elif fate is not Fate.WAITS:
            return
        person.met[token] = Fate.ANSWERS
        closes_at = self._acts.closes_at(token, now)
        if closes_at is not None:
            at = now + person.delay(self._assumed, closes_at - now)
            self._at(at, partial(self._visit, person, token))

    def _enrol(self, person: Virtual) -> None:
        now = self._clock()
        if not self._acts.enrol(person, now):
            self.tally.turned_away += 1
            return
        self.tally.enrolled += 1
        for what, share in person.leaves.items():
            at = now + self._course * share
            if what == "dropout":
                person.silent_from = at
            elif what == "withdrawal":
                self._at(at, partial(self._withdraw, person))
            else:
                self._at(at, partial(self._pause, person))
        for wave, shares in person.asks.items():
            for share in shares:
                self._at(now + self._course * share, partial(self._request, person, wave))

    def _visit(self, person: Virtual, token: str) -> None:
        now = self._clock()
        if person.silent_from is not None and now >= person.silent_from:
            return
        depth = person.goes(self._assumed)
        if self._acts.visit(person, token, depth, now):
            self.tally.submitted += 1

    def _withdraw(self, person: Virtual) -> None:
        self._acts.withdraw(person, self._clock())

    def _request(self, person: Virtual, wave: str) -> None:
        self._acts.request(person, wave, self._clock())

    def _pause(self, person: Virtual) -> None:
        now = self._clock()
        if self._acts.pause(person, now):
            self.tally.paused += 1
            self._at(after_pause(now, person, self._assumed), partial(self._resume, person))

    def _resume(self, person: Virtual) -> None:
        self._acts.resume(person, self._clock())
        self._resumed = True


def _on_the_grid(at: datetime) -> datetime:
    """Return the next full minute, or the instant itself if it is one."""
    past = timedelta(seconds=at.second, microseconds=at.microsecond)
    return at if not past else at - past + _GRID
