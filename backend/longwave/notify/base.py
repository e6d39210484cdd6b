"""What a transport is given and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of one attempt.

    ``uncertain``: the mail was handed over but no answer came, so it may have been delivered.
    """

    SENT = "sent"
    REFUSED = "refused"
    RETRY = "retry"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one attempt; ``detail`` never holds an address or a text.

    ``server_trouble`` says that it was not this mail's fault: the next would fare no better.
    """

    outcome: Outcome
    detail: str = ""
    server_trouble: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along with a mail; ``content_type`` is such as ``text/calendar``."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person.

    ``message_id`` is the same in every attempt. ``unsubscribe`` is the address to which a mail
    program posts to pause messages at one click (RFC 8058); a mail that is the answer to what
    somebody did has none. ``html`` says what ``body`` says.
    """

    recipient: str
    subject: str
    body: str
    message_id: str
    date: datetime
    unsubscribe: str | None
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def as_email(self, sender: str) -> EmailMessage:
        """Return the mail as it goes over the wire."""
        email = EmailMessage()
        email["From"] = sender
        email["To"] = self.recipient
        email["Subject"] = self.subject
        email["Date"] = format_datetime(self.date)
        email["Message-ID"] = f"<{self.message_id}>"
        if self.unsubscribe is not None:
            email["List-Unsubscribe"] = f"<{self.unsubscribe}>"
            email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        email["Auto-Submitted"] = "auto-generated"
        email.set_content(self.body)
        if self.html is not None:
            email.add_alternative(self.html, subtype="html")
        for file in self.attachments:
            kind, _, subtype = file.content_type.partition("/")
            email.add_attachment(
                file.content, maintype=kind, subtype=subtype, filename=file.filename
            )
        return email


class Transport(Protocol):
    """Sends mail. ``is_caught`` says that nothing it takes reaches a real mailbox."""

    is_caught: bool

    def send(self, mail: Mail) -> Delivery:
        """Try once to send; never raise for what the other side does."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
