"""Messages that leave: claimed in one transaction, sent outside of any, settled in the next.

One at a time: what is claimed was looked at a moment before it is sent, and a worker that dies
leaves no more than the one message in doubt that it was sending.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from longwave.clock import Clock
from longwave.domain.lifecycle import Channel
from longwave.keys import KeyRing
from longwave.notify import Delivery, Outcome, Transport, Transports
from longwave.services import outbox
from longwave.services.outbox import Claimed
from longwave.storage.database import Database

logger = logging.getLogger(__name__)

_NOT_CAUGHT = Delivery(Outcome.REFUSED, "A trial run sends only to a catcher.")
_NEEDS = {Channel.EMAIL: "LONGWAVE_SMTP_URL", Channel.SMS: "LONGWAVE_SMS_URL"}
_CAUGHT = {
    channel: Delivery(Outcome.RETRY, f"This reaches nobody: set {setting}.", server_trouble=True)
    for channel, setting in _NEEDS.items()
}


def dispatch(
    database: Database,
    transport: Transport | Transports,
    *,
    keys: KeyRing,
    base_url: str,
    clock: Clock,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Send what is due, until nothing is or the mail server is in trouble.

    ``goes_on`` is asked before anything more is claimed; what is in hand is finished.
    """
    with database.writing() as session:
        outbox.recover_stalled(session, now=clock())
        look = outbox.claim(session, keys=keys, base_url=base_url, now=clock())
    while look.due:
        delivery = _send(transport, look.claimed) if look.claimed else None
        with database.writing() as session:
            if look.claimed and delivery:
                outbox.settle(session, look.claimed, delivery, now=clock())
                if delivery.server_trouble:
                    return
            if not goes_on():
                return
            look = outbox.claim(session, keys=keys, base_url=base_url, now=clock())


def _send(transport: Transport | Transports, claimed: Claimed) -> Delivery:
    channel = claimed.mail.channel
    way = transport.of(channel) if isinstance(transport, Transports) else transport
    if claimed.trial_run and not way.is_caught:
        return _NOT_CAUGHT
    if not claimed.trial_run and way.is_caught:
        return _CAUGHT[channel]
    try:
        return way.send(claimed.mail)
    except Exception as error:
        # A fault of ours must not keep everybody else's mail waiting. No text: it may be personal.
        logger.error("message %s: %s", claimed.message_id, type(error).__name__)
        return Delivery(Outcome.REFUSED, type(error).__name__)
