"""Messages that leave: claimed in one transaction, sent outside of any, settled in another."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from longwave.keys import KeyRing
from longwave.notify import Delivery, Outcome, Transport
from longwave.services import outbox
from longwave.services.outbox import Claimed
from longwave.storage.database import Database


def dispatch(
    database: Database,
    transport: Transport,
    *,
    keys: KeyRing,
    base_url: str,
    now: datetime,
    limit: int,
) -> Counter[str]:
    """Send what is due, at most ``limit`` messages; return what became of them."""
    with database.writing() as session:
        claimed = outbox.claim(session, keys=keys, base_url=base_url, now=now, limit=limit)
    deliveries = [(message, _send(transport, message)) for message in claimed]
    states: Counter[str] = Counter()
    if deliveries:
        with database.writing() as session:
            for message, delivery in deliveries:
                states[outbox.settle(session, message, delivery, now=now)] += 1
    return states


def _send(transport: Transport, claimed: Claimed) -> Delivery:
    if claimed.local_only and not transport.is_local:
        return Delivery(
            Outcome.REFUSED, "A trial run sends only to a mail catcher on this machine."
        )
    return transport.send(claimed.mail)
