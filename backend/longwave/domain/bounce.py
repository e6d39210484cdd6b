"""What a code with which a message was refused says of the address it went to."""

from __future__ import annotations

import re

from longwave.domain.lifecycle import BounceKind

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
"""An enhanced status code (RFC 3463): class, subject and detail."""

_NOT_THE_ADDRESS = frozenset({"3", "5", "6", "7"})
"""Subjects about the server, the conversation, the content or a policy."""

_SPARED = frozenset({"5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.2.4", "5.4.5", "5.4.7"})
"""The sender's address, a full mailbox, a long message, a list, congestion, or time run out."""

_NO_SUCH_MAILBOX = frozenset({"521", "550", "551", "553", "556"})


def kind_of(status: str) -> BounceKind:
    """Return what to make of a status: whether the address is no good, or this was bad luck.

    A permanent failure makes an address no good only if it is about the address (RFC 3463,
    subjects 1, 2 and 4). A server that takes us for a sender of spam, or a relay that was
    configured wrongly, answers 5.7.1 for everybody: that must not silence a whole study.

    Parameters
    ----------
    status
        An enhanced status code (``5.1.1``), or the three digits of an SMTP reply that had none.
    """
    found = ENHANCED.fullmatch(status)
    if found is None:
        return BounceKind.HARD if status in _NO_SUCH_MAILBOX else BounceKind.SOFT
    category, subject, _ = found.groups()
    if category != "5" or subject in _NOT_THE_ADDRESS or status in _SPARED:
        return BounceKind.SOFT
    return BounceKind.HARD
