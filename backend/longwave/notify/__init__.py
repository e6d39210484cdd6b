"""Transports: each takes one mail and says what became of it."""

from longwave.notify.base import Delivery, Mail, Outcome, Transport
from longwave.notify.choose import transport_for

__all__ = ["Delivery", "Mail", "Outcome", "Transport", "transport_for"]
