"""A local SMTP server that takes every mail and keeps it as a file, so that it can be read."""

from __future__ import annotations

import email
import email.policy
import re
from asyncio import Server
from collections import defaultdict, deque
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_LINK = re.compile(r"https?://\S+/l/\S+")


class FreePortController(Controller):
    """Listens on a port of the loopback interface that the system chooses."""

    def __init__(self, handler: object, **options: Any) -> None:  # noqa: ANN401
        super().__init__(handler, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        """Note the port before aiosmtpd tries a first connection to it."""
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    @property
    def url(self) -> str:
        """Where to send, as ``LONGWAVE_SMTP_URL`` has it."""
        return f"smtp://{self.hostname}:{self.port}"


class MailCatcher:
    """Catches mail on a free port of the loopback interface while the ``with`` block lasts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._boxes: defaultdict[str, deque[EmailMessage]] = defaultdict(deque)
        self._controller = FreePortController(self)
        self.caught = 0

    def __enter__(self) -> MailCatcher:
        """Start to listen."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._controller.stop()

    @property
    def url(self) -> str:
        """Where to send, as ``LONGWAVE_SMTP_URL`` has it."""
        return self._controller.url

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Take one mail; aiosmtpd calls this."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.caught += 1
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        (self._directory / f"{self.caught:06d}-{name}.eml").write_bytes(raw)
        for recipient in envelope.rcpt_tos:
            self._boxes[recipient].append(mail)
        return "250 OK"

    def collect(self, address: str) -> list[EmailMessage]:
        """Return the mails that came for an address since it was last asked."""
        box = self._boxes[address]
        return [box.popleft() for _ in range(len(box))]

    def addresses_with_mail(self) -> list[str]:
        """Return the addresses for which mail waits."""
        return [address for address, box in list(self._boxes.items()) if box]


def link_in(mail: EmailMessage) -> str | None:
    """Return the personal link in a mail, found as its reader would find it."""
    match = _LINK.search(_text(mail))
    return match.group(0) if match else None


def is_consent_copy(mail: EmailMessage) -> bool:
    """Whether a mail is the copy of a signature, with the hash of the document, and no link."""
    return "SHA-256: " in _text(mail)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())
