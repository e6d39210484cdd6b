"""The tables. Importing this package registers them all."""

from longwave.storage.tables.assessment import Answer, Assessment
from longwave.storage.tables.message import Attempt, Message
from longwave.storage.tables.participant import Allocation, Consent, Contact, Participant
from longwave.storage.tables.staff import Staff
from longwave.storage.tables.study import ProtocolVersion, Study
from longwave.storage.tables.trail import Event, Heartbeat, Seal

__all__ = [
    "Allocation",
    "Answer",
    "Assessment",
    "Attempt",
    "Consent",
    "Contact",
    "Event",
    "Heartbeat",
    "Message",
    "Participant",
    "ProtocolVersion",
    "Seal",
    "Staff",
    "Study",
]
