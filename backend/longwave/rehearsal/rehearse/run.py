"""A rehearsal from a protocol's files to its report, in one process or in several."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from longwave.domain.protocol import read_protocol
from longwave.rehearsal.rehearse.facts import add_up
from longwave.rehearsal.rehearse.months import Watcher, unwatched
from longwave.rehearsal.rehearse.part import OpenDatabase, live_through
from longwave.rehearsal.rehearse.plan import Plan
from longwave.rehearsal.rehearse.report import Report, make_report
from longwave.rehearsal.rehearse.scratch import ScratchDatabase
from longwave.rehearsal.rehearse.sharing import helpers, parts_of, summing, wait_for

_FEWEST_TO_SHARE = 150
"""Fewer people are done before another process has started."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What hangs on the machine, or on the number of processes, and so is no part of a report."""

    seconds: float
    processes: int
    ticks: int
    database_bytes: int


def rehearse(
    plan: Plan,
    *,
    processes: int = 1,
    watch: Watcher = unwatched,
    open_database: OpenDatabase = ScratchDatabase,
    fewest_to_share: int = _FEWEST_TO_SHARE,
) -> tuple[Report, Measured]:
    """Run a whole cohort through the clockwork, on a virtual clock.

    The services are called directly; nothing is sent, and nothing is left behind.

    Parameters
    ----------
    plan
        What is to be rehearsed.
    processes
        How many processes may share the work. They do where people are independent of one
        another, so that the report is the same: those on different allocation lists, in a
        study without caps.
    watch
        Told now and then how far it is.
    open_database
        How this process opens its scratch database.
    fewest_to_share
        With fewer people there is one process.

    Raises
    ------
    ProtocolFaults
        If the protocol has faults.
    LongwaveError
        If it cannot open, or an assumption does not fit it.
    """
    begun = time.perf_counter()
    protocol = read_protocol(plan.files)
    plan.check(protocol)
    people = plan.people(protocol)
    parts = parts_of(protocol, people, processes if len(people) >= fewest_to_share else 1)
    with tempfile.TemporaryDirectory(prefix="longwave-rehearsal-") as folder:
        urls = [f"sqlite:///{Path(folder) / f'{number}.db'}" for number in range(len(parts))]
        with helpers(plan, len(parts), urls) as others:
            own = live_through(
                plan,
                protocol,
                parts[0],
                urls[0],
                watch=summing(others, watch),
                open_database=open_database,
            )
            facts = add_up([own, *wait_for(others)])
    report = make_report(facts, protocol, plan.assumed, seed=plan.seed, start=plan.start)
    seconds = time.perf_counter() - begun
    return report, Measured(seconds, len(parts), facts.ticks, facts.database_bytes)
