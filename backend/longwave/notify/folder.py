"""Mail as files in a folder, for demonstrations and development."""

from __future__ import annotations

import email.policy
from pathlib import Path

from longwave.notify.base import Delivery, Mail, Outcome


class FolderTransport:
    """Writes each mail as ``<message id>.eml``; a repeated attempt writes the same file."""

    is_caught = True

    def __init__(self, directory: Path, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    def send(self, mail: Mail) -> Delivery:
        """Write one mail."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            name = mail.message_id.partition("@")[0]
            content = mail.as_email(self._sender).as_bytes(policy=email.policy.SMTP)
            (self._directory / f"{name}.eml").write_bytes(content)
        except OSError as error:
            return Delivery(Outcome.RETRY, type(error).__name__, server_trouble=True)
        return Delivery(Outcome.SENT)

    def close(self) -> None:
        """Nothing is held."""
