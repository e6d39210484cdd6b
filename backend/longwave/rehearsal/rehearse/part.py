"""One part of a cohort, lived through in a scratch database of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from longwave.domain.protocol import Protocol
from longwave.jobs.tick import Clockwork
from longwave.rehearsal.clock import VirtualClock
from longwave.rehearsal.rehearse.acts import Acts
from longwave.rehearsal.rehearse.facts import Facts, gather
from longwave.rehearsal.rehearse.months import Months, Watcher
from longwave.rehearsal.rehearse.people import Virtual
from longwave.rehearsal.rehearse.plan import Plan, longest_course
from longwave.rehearsal.rehearse.post import PostBox
from longwave.rehearsal.rehearse.scratch import ScratchDatabase, scratch_study
from longwave.storage.database import Database

OpenDatabase = Callable[[str], Database]
_BASE_URL = "http://rehearsal.invalid"


def live_through(
    plan: Plan,
    protocol: Protocol,
    people: Sequence[Virtual],
    url: str,
    *,
    watch: Watcher,
    open_database: OpenDatabase = ScratchDatabase,
) -> Facts:
    """Let people come and take part until nothing more is due; return what came of it.

    Parameters
    ----------
    people
        Those of the plan's who are in this part.
    url
        Of an empty SQLite database.
    """
    opens_at = plan.opens_at(protocol)
    clock, post = VirtualClock(opens_at), PostBox()
    with scratch_study(plan, protocol, url, opens_at=opens_at, opener=open_database) as scratch:
        clockwork = Clockwork(scratch.database, post, scratch.keys, _BASE_URL, clock)
        acts = Acts(scratch, plan)
        months = Months(
            scratch.database,
            clockwork,
            clock,
            post,
            acts,
            plan.assumed,
            course=longest_course(protocol, opens_at),
            reminds=_reminds(protocol, acts),
            watch=watch,
        )
        months.run(people)
        tally = months.tally
        return gather(scratch, people, pauses=tally.paused, ticks=tally.ticks, now=clock())


def _reminds(protocol: Protocol, acts: Acts) -> Callable[[str, datetime], bool]:
    """Return what says of a link whether a reminder of its wave can come while it is good."""
    reminding = {
        wave.id
        for wave in protocol.waves
        if any(span.nominal_days() < wave.days_open for span in protocol.reminders_of(wave))
    }
    if len(reminding) in (0, len(protocol.waves)):
        return lambda _token, _now: bool(reminding)  # no need to look each link up
    return lambda token, now: acts.wave_of(token, now) in reminding
