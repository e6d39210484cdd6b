"""What came back: reports on mail that was not delivered, is late, or was not wanted.

Delivery reports are read as RFC 3464 has them (with the statuses of RFC 3463), complaints as RFC
5965 has them, and besides the plain ones of an older Exim. Whatever else comes to the address,
such as a note that somebody is on holiday, is ignored, and it is said why.

Everything here may be forged. A report counts only for a mail that it names by a Message-ID or by
a return address of ours, and these are random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.message import Message

from longwave.domain.bounce import ENHANCED, kind_of
from longwave.domain.lifecycle import BounceKind
from longwave.notify.base import MESSAGE_ID_DOMAIN
from longwave.notify.email.verp import message_ids_in

LARGEST = 1_000_000
"""Bytes of a report that are looked at; what stands in it stands at its beginning."""

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_ENVELOPE = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_OURS = re.compile(rf"<?([0-9a-z]{{16,48}})@{MESSAGE_ID_DOMAIN}\b", flags=re.IGNORECASE)
_REPLY = re.compile(r"\b([245]\d\d)[ -]")
_WORST_FIRST = ("failed", "delayed")
_UNWANTED = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
_DELAY = re.compile(r"delayed|warning", flags=re.IGNORECASE)
_UNKNOWN = {"failed": "5.0.0", "delayed": "4.0.0"}


@dataclass(frozen=True, slots=True)
class Report:
    """A report on one mail: how it failed, and the Message-IDs that it may be about.

    Those come first that are known by the address to which the report went.
    """

    kind: BounceKind
    status: str
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is no report on a mail that failed, and why it is taken for none."""

    why: str


def read_report(content: bytes, sent_to: str = "") -> Report | Ignored:
    """Read what came to the address for undeliverable mail.

    Parameters
    ----------
    content
        The whole message, headers and all.
    sent_to
        The address to which it was delivered, where that is known.
    """
    # The old policy: it takes headers as they come, where the new one may fail on them.
    mail = message_from_bytes(content[:LARGEST], policy=policy.compat32)
    found = _judged(mail)
    if isinstance(found, Ignored):
        return found
    kind, status = found
    ids = tuple(dict.fromkeys(_message_ids(mail, sent_to)))
    if not ids:
        return Ignored("It names no message of ours.")
    return Report(kind, status, ids)


def _judged(mail: Message) -> tuple[BounceKind, str] | Ignored:
    for part in mail.walk():
        if part.get_content_type() in _STATUS_PARTS:
            return _of_delivery(part)
        if part.get_content_type() == "message/feedback-report":
            return _of_feedback(part)
    if mail["X-Failed-Recipients"]:
        return _of_old_exim(mail)
    if str(mail["Auto-Submitted"] or "no").lower() != "no" or mail["X-Autoreply"]:
        return Ignored("It is an automatic reply.")
    return Ignored("It is no report on a delivery.")


def _of_delivery(part: Message) -> tuple[BounceKind, str] | Ignored:
    """Judge by the worst that happened to a recipient; one of ours may stand for several."""
    blocks = {str(block["Action"]).strip().lower(): block for block in _blocks(part)}
    for action in _WORST_FIRST:
        if action in blocks:
            status = _status(blocks[action], action)
            return (kind_of(status) if action == "failed" else BounceKind.SOFT), status
    return Ignored("It reports no failure.")


def _blocks(part: Message) -> Iterator[Message]:
    """Give the fields about each recipient, the last recipient first."""
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [message_from_string(str(payload))]
    return (block for block in reversed(blocks) if isinstance(block, Message) and block["Action"])


def _status(block: Message, action: str) -> str:
    """Return the status, or what the server said where the status says nothing ("5.0.0")."""
    stated = ENHANCED.search(str(block["Status"] or ""))
    said = str(block["Diagnostic-Code"] or "")
    if stated is not None and not stated.group(0).endswith(".0.0"):
        return stated.group(0)
    return _in_words(said) or (stated.group(0) if stated else _UNKNOWN[action])


def _in_words(said: str) -> str | None:
    """Return the status in what a server said: an enhanced one, else the reply's three digits."""
    enhanced = ENHANCED.search(said)
    if enhanced is not None:
        return enhanced.group(0)
    reply = _REPLY.search(said)
    return reply.group(1) if reply else None


def _of_feedback(part: Message) -> tuple[BounceKind, str] | Ignored:
    payload = part.get_payload()
    fields = payload[0] if isinstance(payload, list) else message_from_string(str(payload))
    kind = str(fields["Feedback-Type"] if isinstance(fields, Message) else "").strip().lower()
    if kind not in _UNWANTED:
        return Ignored("It is feedback, and no complaint.")
    return BounceKind.COMPLAINT, kind


def _of_old_exim(mail: Message) -> tuple[BounceKind, str]:
    said = _text(mail)
    delayed = _DELAY.search(str(mail["Subject"] or "")) is not None
    if delayed:
        return BounceKind.SOFT, _UNKNOWN["delayed"]
    status = _in_words(said.partition("------")[0]) or _UNKNOWN["failed"]
    return kind_of(status), status


def _message_ids(mail: Message, sent_to: str) -> Iterator[str]:
    yield from message_ids_in(sent_to)
    for name in _ENVELOPE:
        for value in mail.get_all(name, []):
            yield from message_ids_in(str(value))
    for part in mail.walk():
        if part.get_content_type() in _RETURNED:
            yield from _ours(str(_returned(part)["Message-ID"] or ""))
    for name in ("In-Reply-To", "References"):
        yield from _ours(str(mail[name] or ""))
    if mail["X-Failed-Recipients"]:
        yield from _ours(_text(mail))


def _returned(part: Message) -> Message:
    payload = part.get_payload()
    if isinstance(payload, list):
        first = payload[0]
        return first if isinstance(first, Message) else Message()
    return message_from_string(str(payload), policy=policy.compat32)


def _ours(text: str) -> list[str]:
    return [f"{token.lower()}@{MESSAGE_ID_DOMAIN}" for token in _OURS.findall(text)]


def _text(mail: Message) -> str:
    content = mail.get_payload(decode=True)
    return content.decode("utf-8", errors="replace") if isinstance(content, bytes) else ""
