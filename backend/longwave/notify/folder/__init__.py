"""Letters as files in a folder, for demonstrations and development."""

from __future__ import annotations

import email.policy
from pathlib import Path

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.domain.sms import sms_parts
from longwave.notify.base import Delivery, Letter, Mail, Outcome, Plugin


class FolderTransport:
    """Writes each mail as ``<message id>.eml`` and each SMS as ``<message id>.sms``.

    A repeated attempt writes the same file.
    """

    is_caught = True

    def __init__(self, directory: Path, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    def send(self, letter: Letter) -> Delivery:
        """Write one letter."""
        if isinstance(letter, Mail):
            content = letter.as_email(self._sender).as_bytes(policy=email.policy.SMTP)
            return self._write(letter, "eml", content)
        content = f"To: {letter.recipient}\n\n{letter.text}\n".encode()
        return self._write(letter, "sms", content, sms_parts(letter.text).parts)

    def trouble(self) -> str | None:
        """Say if there is no folder, and none can be made."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"the folder {self._directory} cannot be made: {type(error).__name__}"
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _write(
        self, letter: Letter, ending: str, content: bytes, segments: int | None = None
    ) -> Delivery:
        name = letter.message_id.partition("@")[0]
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            (self._directory / f"{name}.{ending}").write_bytes(content)
        except OSError as error:
            return Delivery(Outcome.RETRY, type(error).__name__, server_trouble=True)
        return Delivery(Outcome.SENT, segments=segments)


def _offers(_: Channel, settings: Settings) -> FolderTransport | None:
    if settings.mail_directory is None:
        return None
    return FolderTransport(settings.mail_directory, settings.mail_from)


PLUGIN = Plugin(rank=80, offers=_offers)
