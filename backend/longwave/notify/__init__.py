"""Transports, one plug-in in each folder: each takes one letter and says what became of it."""

from longwave.notify.base import (
    Attachment,
    Delivery,
    Letter,
    Mail,
    Outcome,
    Plugin,
    Sms,
    Transport,
)
from longwave.notify.registry import Transports, plugins

__all__ = [
    "Attachment",
    "Delivery",
    "Letter",
    "Mail",
    "Outcome",
    "Plugin",
    "Sms",
    "Transport",
    "Transports",
    "plugins",
]
