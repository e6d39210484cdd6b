"""What a transport is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias

from longwave.config import Settings
from longwave.domain.lifecycle import Channel

MESSAGE_ID_DOMAIN = "longwave"
"""The right side of every Message-ID of ours."""


class Outcome(StrEnum):
    """What became of one attempt.

    ``uncertain``: the message was handed over but no answer came, so it may have been delivered.
    """

    SENT = "sent"
    REFUSED = "refused"
    RETRY = "retry"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one attempt; ``detail`` never holds an address or a text.

    ``server_trouble`` says that it was not this message's fault: the next would fare no better.
    ``bounce`` is the status with which the recipient's address was refused for good, if it was;
    see `longwave.domain.bounce`. ``segments`` counts the parts of an SMS.
    """

    outcome: Outcome
    detail: str = ""
    server_trouble: bool = False
    bounce: str | None = None
    segments: int | None = None


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

    channel: ClassVar[Channel] = Channel.EMAIL

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


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS to one person; ``recipient`` is a number such as ``+905551234567``.

    ``message_id`` is the same in every attempt. ``opt_out`` is the line that says how to stop
    messages; one that is the answer to what somebody did has none.
    """

    channel: ClassVar[Channel] = Channel.SMS

    recipient: str
    body: str
    message_id: str
    opt_out: str | None = None

    @property
    def text(self) -> str:
        """What the recipient reads."""
        body = self.body.strip()
        return f"{body}\n{self.opt_out}" if self.opt_out else body


Letter: TypeAlias = Mail | Sms
"""A message as a transport takes it."""


class Transport(Protocol):
    """Sends letters of one channel. Nothing that ``is_caught`` reaches anybody."""

    is_caught: bool

    def send(self, letter: Letter) -> Delivery:
        """Try once to send; never raise for what the other side does."""
        ...

    def trouble(self) -> str | None:
        """Look, without sending anything, what would keep every letter from being sent."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """A way to send. Each folder of this package that has a ``PLUGIN`` is one.

    ``offers`` returns a transport for a channel if the settings ask for one; of several plug-ins
    that offer one, that of the lowest ``rank`` is taken.
    """

    rank: int
    offers: Callable[[Channel, Settings], Transport | None]
