"""Mail on standard output, for development."""

from __future__ import annotations

import sys

from longwave.notify.base import Delivery, Mail, Outcome


class ConsoleTransport:
    """Prints each mail."""

    is_caught = True

    def send(self, mail: Mail) -> Delivery:
        """Print one mail."""
        sys.stdout.write(f"To: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.body}\n")
        return Delivery(Outcome.SENT)

    def close(self) -> None:
        """Nothing is held."""
