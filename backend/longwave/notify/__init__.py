"""Transports: each takes one mail and says what became of it."""

from longwave.notify.base import Attachment, Delivery, Mail, Outcome, Transport
from longwave.notify.choose import transport_for

__all__ = ["Attachment", "Delivery", "Mail", "Outcome", "Transport", "transport_for"]
