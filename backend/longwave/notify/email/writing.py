"""Mails as bytes, written directly: the library takes longer for one than all the rest of sending.

What comes out is read as the same mail that `Mail.as_email` is. Where the library's care is needed,
as for an address with unusual letters, it writes the mail.
"""

from __future__ import annotations

import base64
import binascii
import email.policy
import re
from email.headerregistry import HeaderRegistry
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256

from longwave.notify.base import Attachment, Mail

_POLICY = email.policy.SMTP
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,200}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
_PLAIN_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_PLAIN_URL = re.compile(r"[!-;=?-~]{1,900}")
_PLAIN_ID = re.compile(r"[A-Za-z0-9._@-]{1,200}")
_LONGEST_LINE = 78
_END = b"\r\n"
_ASCII = bytes(range(128))


def written(mail: Mail, sender: str) -> bytes:
    """Return a mail as it goes over the wire."""
    if not _is_ordinary(mail):
        return mail.as_email(sender).as_bytes(policy=_POLICY)
    marks = _marks(mail.message_id)
    part = _text(mail.body, "plain")
    if mail.html is not None:
        part = _multipart("alternative", marks[0], [part, _text(mail.html, "html")])
    if mail.attachments:
        part = _multipart("mixed", marks[1], [part, *map(_attached, mail.attachments)])
    return _head(mail, sender) + part


def _is_ordinary(mail: Mail) -> bool:
    """Whether nothing of it needs care but its texts and its subject."""
    return (
        _PLAIN_ADDRESS.fullmatch(mail.recipient) is not None
        and _PLAIN_ID.fullmatch(mail.message_id) is not None
        and mail.subject.isprintable()
        and (mail.unsubscribe is None or _PLAIN_URL.fullmatch(mail.unsubscribe) is not None)
        and all(
            _PLAIN_NAME.fullmatch(file.filename) and _PLAIN_TYPE.fullmatch(file.content_type)
            for file in mail.attachments
        )
    )


def _head(mail: Mail, sender: str) -> bytes:
    lines = [
        _header("From", sender),
        f"To: {mail.recipient}\r\n",
        _header("Subject", mail.subject),
        f"Date: {format_datetime(mail.date)}\r\n",
        f"Message-ID: <{mail.message_id}>\r\n",
    ]
    if mail.unsubscribe is not None:
        lines.append(f"List-Unsubscribe: <{mail.unsubscribe}>\r\n")
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
    lines.append("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n")
    return "".join(lines).encode("ascii")


@lru_cache(maxsize=256)
def _header(name: str, value: str) -> str:
    """Return a header as the library folds and encodes it; most mails share theirs."""
    header: str = HeaderRegistry()(name, value).fold(policy=_POLICY)
    return header


def _marks(message_id: str) -> tuple[str, str]:
    """Return the lines that part a mail: in no encoded text, since none holds ``=_``."""
    mark = sha256(message_id.encode()).hexdigest()[:24]
    return f"=_a{mark}", f"=_m{mark}"


def _multipart(kind: str, mark: str, parts: list[bytes]) -> bytes:
    between = f"--{mark}\r\n".encode()
    return b"".join(
        (
            f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode(),
            *(between + part + _END for part in parts),
            f"--{mark}--\r\n".encode(),
        )
    )


def _text(text: str, kind: str) -> bytes:
    lines = text.encode().splitlines() or [b""]
    how, content = _encoded(lines)
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode() + content


def _encoded(lines: list[bytes]) -> tuple[str, bytes]:
    """Return how the lines of a text are encoded, and what comes of it."""
    whole = b"".join(line + _END for line in lines)
    if _is_bare(whole, lines):
        return "7bit", whole
    if len(whole.translate(None, _ASCII)) * 6 > len(whole):
        return "base64", _base64(whole)
    quoted = [binascii.b2a_qp(line).replace(b"=\n", b"=\r\n") + _END for line in lines]
    return "quoted-printable", b"".join(quoted)


def _is_bare(whole: bytes, lines: list[bytes]) -> bool:
    return (
        whole.isascii()
        and b"=_" not in whole
        and b"\0" not in whole
        and max(map(len, lines)) <= _LONGEST_LINE
    )


def _attached(file: Attachment) -> bytes:
    head = (
        f"Content-Type: {file.content_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{file.filename}"\r\n\r\n'
    )
    return head.encode() + _base64(file.content)


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", _END)
