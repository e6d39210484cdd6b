"""Letters on standard output, for development."""

from __future__ import annotations

import sys

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.domain.sms import sms_parts
from longwave.notify.base import Delivery, Letter, Mail, Outcome, Plugin


class ConsoleTransport:
    """Prints each letter."""

    is_caught = True

    def send(self, letter: Letter) -> Delivery:
        """Print one letter."""
        if isinstance(letter, Mail):
            told = f"To: {letter.recipient}\nSubject: {letter.subject}\n\n{letter.body}\n"
            sys.stdout.write(told)
            return Delivery(Outcome.SENT)
        sys.stdout.write(f"SMS to: {letter.recipient}\n\n{letter.text}\n")
        return Delivery(Outcome.SENT, segments=sms_parts(letter.text).parts)

    def trouble(self) -> str | None:
        """Nothing is in the way."""

    def close(self) -> None:
        """Nothing is held."""


def _offers(_: Channel, __: Settings) -> ConsoleTransport:
    return ConsoleTransport()


PLUGIN = Plugin(rank=90, offers=_offers)
