"""Work shared among processes, where people are independent of one another."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from longwave.domain.errors import LongwaveError
from longwave.domain.protocol import Protocol, read_protocol
from longwave.domain.randomisation import list_of, stratum_of
from longwave.rehearsal.rehearse.facts import Facts
from longwave.rehearsal.rehearse.months import Tally, Watcher
from longwave.rehearsal.rehearse.part import live_through
from longwave.rehearsal.rehearse.people import Virtual
from longwave.rehearsal.rehearse.plan import Plan


def parts_of(protocol: Protocol, people: Sequence[Virtual], most: int) -> list[list[Virtual]]:
    """Return people in at most so many parts, between which nobody's lot hangs on another's.

    Whoever comes from the same allocation list stays together; so does everybody where a cap
    counts those who enrolled.
    """
    groups: defaultdict[str, list[Virtual]] = defaultdict(list)
    for person in people:
        groups[_group(protocol, person)].append(person)
    parts: list[list[Virtual]] = [[] for _ in range(max(1, min(most, len(groups))))]
    for _, group in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        min(parts, key=len).extend(group)
    return [sorted(part, key=lambda person: person.number) for part in parts]


def _group(protocol: Protocol, person: Virtual) -> str:
    plan = protocol.randomisation
    if protocol.eligibility.caps:
        return ""
    if plan is None:
        return str(person.number)
    return list_of(plan, stratum_of(plan.strata, {**person.screening, "site": person.site}))


@dataclass(slots=True)
class _Helper:
    """Another process that lives through one part, and what was last heard of it."""

    process: BaseProcess
    connection: Connection
    tally: Tally
    facts: Facts | None = None

    def hear(self) -> None:
        """Take what has come; called only where something has.

        Raises
        ------
        LongwaveError
            If the other process failed.
        """
        try:
            told = self.connection.recv()
        except EOFError:
            raise LongwaveError(
                "A process of the rehearsal ended unexpectedly.",
                "Run it again with --processes 1.",
            ) from None
        if isinstance(told, LongwaveError):
            raise told
        if isinstance(told, Tally):
            self.tally = told
        else:
            self.facts = told


@contextmanager
def helpers(plan: Plan, parts: int, urls: Sequence[str]) -> Iterator[list[_Helper]]:
    """Start a process for each part but the first; end what still runs when the block ends."""
    context = multiprocessing.get_context("spawn")
    found: list[_Helper] = []
    try:
        for number in range(1, parts):
            ours, theirs = context.Pipe(duplex=False)
            arguments = (plan, parts, number, urls[number], theirs)
            process = context.Process(target=_help, args=arguments, daemon=True)
            process.start()
            theirs.close()
            found.append(_Helper(process, ours, Tally()))
        yield found
    finally:
        for helper in found:
            helper.connection.close()
            helper.process.terminate()
            helper.process.join()


def summing(others: Sequence[_Helper], watch: Watcher) -> Watcher:
    """Return a watcher that adds what the other processes tell to what this one does."""

    def note(own: Tally) -> None:
        for helper in others:
            while helper.facts is None and helper.connection.poll():
                helper.hear()
        watch(_sum([own, *(helper.tally for helper in others)]))

    return note


def wait_for(others: Sequence[_Helper]) -> list[Facts]:
    """Return what came of the other parts, when they are done."""
    found = []
    for helper in others:
        while helper.facts is None:
            helper.hear()
        found.append(helper.facts)
    return found


def _sum(tallies: Sequence[Tally]) -> Tally:
    counted = {
        one.name: sum(getattr(tally, one.name) for tally in tallies) for one in fields(Tally)
    }
    slowest = min(tallies, key=lambda tally: tally.day)
    return replace(Tally(**counted), day=slowest.day, days=max(tally.days for tally in tallies))


def _help(plan: Plan, parts: int, number: int, url: str, told: Connection) -> None:
    """Live through one part in a process of its own, and tell what came of it."""
    try:
        protocol = read_protocol(plan.files)
        people = parts_of(protocol, plan.people(protocol), parts)[number]
        told.send(live_through(plan, protocol, people, url, watch=told.send))
    except LongwaveError as error:
        told.send(LongwaveError(error.message, error.remedy))
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # whoever started this was stopped, and does not listen any more
