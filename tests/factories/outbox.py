"""The outbox of a lab, in the hands of a test."""

from __future__ import annotations

from factories.lab import BASE_URL, Lab
from longwave.notify import Delivery, Outcome
from longwave.services import outbox
from longwave.services.outbox import Sent
from longwave.storage.tables import Message


class Outbox:
    """The outbox of a lab, in the hands of a test."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def claim(self, worker="w", **how):
        """Take a batch on."""
        lab = self.lab
        with lab.database.writing() as session:
            return outbox.claim(
                session, worker, keys=lab.keys, base_url=BASE_URL, now=lab.now, **how
            )

    def begin(self, claimed, worker="w", before=None):
        """Begin to hand a message over; say whether it may be."""
        with self.lab.database.marking() as marker:
            return outbox.begin(marker, worker, claimed, before, now=self.lab.now)

    def settle(self, sent, unsent=(), worker="w"):
        """Tell what became of a batch."""
        with self.lab.database.writing() as session:
            outbox.settle(session, worker, sent, unsent, now=self.lab.now)

    def send(self, batch, worker="w"):
        """Hand a batch over, whatever becomes of the messages; return their ids."""
        sent = [
            Sent(one, Delivery(Outcome.SENT), self.lab.now)
            for one in batch.claimed
            if self.begin(one, worker)
        ]
        self.settle(sent, worker=worker)
        return [one.claimed.message_id for one in sent]

    def recover(self):
        """Decide about what stalled."""
        with self.lab.database.writing() as session:
            return outbox.recover_stalled(session, now=self.lab.now)

    def found(self, *fields, **where):
        """Return some fields of the messages that are like this, by id."""
        rows = [
            row
            for row in self.lab.rows(Message)
            if all(getattr(row, name) == value for name, value in where.items())
        ]
        return [tuple(getattr(row, name) for name in fields) for row in rows]
