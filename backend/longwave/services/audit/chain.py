"""The chain of seals, followed from its beginning: every head is computed anew."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from sqlmodel import Session

from longwave.keys import KeyRing
from longwave.services.audit.report import TrailReport
from longwave.services.audit.sealing import (
    GENESIS,
    add_events,
    begin_head,
    end_former_head,
    end_head,
)
from longwave.storage import trail
from longwave.storage.trail import StoredSeal

_FETCH = 2_000

Head = tuple[int | None, str]
"""Number and head of a seal, as somebody kept them elsewhere; blinded exports keep no number."""


def follow_chain(
    session: Session, keys: KeyRing, heads: Iterable[Head], report: TrailReport
) -> None:
    """Recompute every head, and note in ``report`` each block and each kept head that differs.

    Events are read a few thousand at a time, so that memory does not grow with the trail.
    """
    kept = _Kept(heads)
    previous, reached, number = GENESIS, 0, 0
    for seal in _seals(session):
        if seal.number == number + 1:
            _check_block(session, keys, previous, reached, seal, report)
        else:
            report.add(f"seal {number + 1}", f"it is missing; the next is seal {seal.number}")
        kept.meet(seal, report)
        previous, reached, number = seal.head, max(reached, seal.last_event), seal.number
        report.blocks, report.head = number, seal.head
    kept.end(number, report)
    _look_outside(session, reached, report)


class _Kept:
    """The heads that were kept elsewhere and have not been met yet."""

    def __init__(self, heads: Iterable[Head]) -> None:
        self.numbered: dict[int, set[str]] = {}
        self.others: set[str] = set()
        for number, head in heads:
            if number is None:
                self.others.add(head)
            else:
                self.numbered.setdefault(number, set()).add(head)

    def meet(self, seal: StoredSeal, report: TrailReport) -> None:
        """Hold a seal against the heads that were kept of it."""
        self.others.discard(seal.head)
        if self.numbered.pop(seal.number, {seal.head}) != {seal.head}:
            report.add(
                f"seal {seal.number}",
                "its head is not the one that was kept elsewhere: the past was written anew",
            )

    def end(self, number: int, report: TrailReport) -> None:
        """Note the heads that were not met up to the last seal, which has this number."""
        for missing in sorted(self.numbered):
            report.add(
                f"seal {missing}",
                f"a head of it was kept elsewhere, but the trail ends at seal {number}",
            )
        for head in sorted(self.others):
            report.add(
                f"head {head[:16]}",
                "it was kept elsewhere, and is none of the trail's: "
                "its end was cut off, or the past was written anew",
            )


def _seals(session: Session) -> Iterator[StoredSeal]:
    after = 0
    while block := trail.seals(session, after, _FETCH):
        yield from block
        after = block[-1].number


def _check_block(
    session: Session,
    keys: KeyRing,
    previous: str,
    reached: int,
    seal: StoredSeal,
    report: TrailReport,
) -> None:
    """Compute the head of the events between the seal before (``reached``) and this one."""
    mac = begin_head(keys, previous)
    first, last, events = None, reached, 0
    while last < seal.last_event and (
        block := trail.between(session, last, seal.last_event, _FETCH)
    ):
        add_events(mac, block)
        first = block[0].id if first is None else first
        last = block[-1].id
        events += len(block)
    report.sealed += events
    if (first, last) != (seal.first_event, seal.last_event):
        report.add(
            f"seal {seal.number}",
            f"it covers the events {seal.first_event} to {seal.last_event}, "
            f"and those there are run from {first} to {last}",
        )
    elif not any(hmac.compare_digest(seal.head, head) for head in _heads(mac, seal)):
        report.add(
            f"seal {seal.number}",
            f"the events {first} to {last}, or the seal, are not what was sealed: "
            "one was changed, removed, added or moved",
        )


def _heads(mac: hmac.HMAC, seal: StoredSeal) -> tuple[str, str]:
    return end_head(mac, seal), end_former_head(mac)


def _look_outside(session: Session, reached: int, report: TrailReport) -> None:
    """Note what lies outside of every block: the tail that is not sealed yet, and strays."""
    report.unsealed, report.unsealed_since = trail.tail(session, reached)
    for what, strays in trail.strays(session).items():
        if strays:
            report.add(what, f"{strays} have a number below 1, outside of the chain")
