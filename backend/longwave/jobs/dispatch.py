"""Messages that leave: claimed in small batches, handed over one by one, settled together.

Just before a message is handed over it is looked at once more, and marked as begun. In the same
transaction what became of the one before is written down. So a worker that dies leaves no more in
doubt than the message that it was sending; the rest of its batch goes back at no cost.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from os import getpid
from uuid import uuid4

from longwave.clock import Clock
from longwave.domain.lifecycle import Channel
from longwave.keys import KeyRing
from longwave.notify import Delivery, Outcome, Transport, Transports
from longwave.services import outbox
from longwave.services.outbox import NO_LIMITS, Batch, Claimed, Limits, Sent
from longwave.storage.database import Database

logger = logging.getLogger(__name__)

KEEPS = timedelta(seconds=2)
"""How long a sender works on one batch: what is urgent waits for no more than that."""

_MOST_IN_VAIN = 2
"""Batches of which nothing could be handed over, one after the other.

Whoever has left is found by the second; who comes back then is being written for, maybe for long.
"""

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
    limits: Limits = NO_LIMITS,
    senders: int = 1,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Send what is due, until nothing is or the servers are in trouble.

    Parameters
    ----------
    senders
        How many send at the same time, each in a thread with messages in hand of its own: while
        one waits for a server, others write. With one, messages leave in their order.
    goes_on
        Is asked before anything more is sent; what was taken on and not begun goes back.
    """
    made = [
        Sender(database, transport, keys, base_url, clock, limits, goes_on) for _ in range(senders)
    ]
    if senders == 1:
        made[0].run()
        return
    with ThreadPoolExecutor(senders, thread_name_prefix="sender") as threads:
        for running in [threads.submit(sender.run) for sender in made]:
            running.result()


class Sender:
    """Sends one message at a time, under a name that no other sender has."""

    def __init__(
        self,
        database: Database,
        transport: Transport | Transports,
        keys: KeyRing,
        base_url: str,
        clock: Clock,
        limits: Limits,
        goes_on: Callable[[], bool],
    ) -> None:
        self._database, self._transport, self._clock = database, transport, clock
        self._keys, self._base_url, self._limits = keys, base_url, limits
        self._goes_on = goes_on
        self._name = f"{socket.gethostname()}/{getpid()}/{uuid4().hex[:8]}"
        self._channels = list(Channel)

    def run(self) -> None:
        """Send until nothing is due."""
        with self._database.writing() as session:
            outbox.recover_stalled(session, now=self._clock())
        in_vain = 0
        while self._channels and self._goes_on() and in_vain < _MOST_IN_VAIN:
            batch = self._claim()
            if batch.claimed:
                in_vain = 0 if self._work_off(batch) else in_vain + 1
            elif not batch.has_changed:
                return

    def _claim(self) -> Batch:
        with self._database.writing() as session:
            return outbox.claim(
                session,
                self._name,
                keys=self._keys,
                base_url=self._base_url,
                now=self._clock(),
                limits=self._limits,
                channels=self._channels,
            )

    def _work_off(self, batch: Batch) -> bool:
        """Hand over a batch, and settle it: together, but an address that was refused at once.

        Return whether anything was handed over.
        """
        sent: list[Sent] = []
        left = list(batch.claimed)
        with self._database.marking() as marker:
            for claimed in self._while_fresh(batch):
                before = sent[-1] if sent else None
                if not outbox.begin(marker, self._name, claimed, before, now=self._clock()):
                    continue
                left.remove(claimed)
                sent.append(self._hand_over(claimed))
                if sent[-1].delivery.bounce is not None:
                    self._settle(sent)
                    sent = []
        self._settle(sent, left)
        return len(left) < len(batch.claimed)

    def _settle(self, sent: Sequence[Sent], unsent: Sequence[Claimed] = ()) -> None:
        with self._database.writing() as session:
            outbox.settle(session, self._name, sent, unsent, now=self._clock())

    def _while_fresh(self, batch: Batch) -> Iterator[Claimed]:
        """Yield the messages of a batch for as long as it may be kept, by channels that work."""
        until = self._clock() + KEEPS
        for claimed in batch.claimed:
            if not self._goes_on() or self._clock() > until:
                return
            if claimed.channel in self._channels:
                yield claimed

    def _hand_over(self, claimed: Claimed) -> Sent:
        delivery = _send(self._transport, claimed)
        if delivery.server_trouble:
            self._channels.remove(claimed.channel)
        return Sent(claimed, delivery, self._clock())


def _send(transport: Transport | Transports, claimed: Claimed) -> Delivery:
    way = transport.of(claimed.channel) if isinstance(transport, Transports) else transport
    if claimed.trial_run and not way.is_caught:
        return _NOT_CAUGHT
    if not claimed.trial_run and way.is_caught:
        return _CAUGHT[claimed.channel]
    try:
        return way.send(claimed.letter)
    except Exception as error:
        # A fault of ours must not keep everybody else's mail waiting. No text: it may be personal.
        logger.error("message %s: %s", claimed.message_id, type(error).__name__)
        return Delivery(Outcome.REFUSED, type(error).__name__)
