"""Messages that leave: claimed in one transaction, sent outside of any, settled one by one.

A worker that dies leaves at most the one message uncertain that it was sending; those it had
claimed and not tried yet go out when their lease is over.
"""

from __future__ import annotations

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
) -> int:
    """Send what is due, looking at no more than ``limit`` messages; return how many there were."""
    with database.writing() as session:
        claims = outbox.claim(session, keys=keys, base_url=base_url, now=now, limit=limit)
    trouble = False
    for message in claims.claimed:
        delivery = _NOT_TRIED if trouble else _send(transport, message)
        trouble = trouble or delivery.outcome in (Outcome.RETRY, Outcome.UNCERTAIN)
        with database.writing() as session:
            outbox.settle(session, message, delivery, now=now)
    return claims.found


_NOT_TRIED = Delivery(Outcome.RETRY, "Not tried: the server had trouble with the one before.")


def _send(transport: Transport, claimed: Claimed) -> Delivery:
    if claimed.local_only and not transport.is_local:
        return Delivery(
            Outcome.REFUSED, "A trial run sends only to a mail catcher on this machine."
        )
    return transport.send(claimed.mail)
