"""The tables. Importing this package registers them all."""

from longwave.storage.tables.assessment import Answer, Assessment
from longwave.storage.tables.message import Attempt, Message
from longwave.storage.tables.participant import (
    Allocation,
    ArmPeriod,
    Consent,
    ConsentChoice,
    Contact,
    Participant,
    PersonalKey,
    Screening,
    Unblinding,
)
from longwave.storage.tables.staff import Staff, StaffGrant, StaffToken
from longwave.storage.tables.study import Approval, ProtocolVersion, Study
from longwave.storage.tables.trail import Event, Heartbeat, Seal

__all__ = [
    "Allocation",
    "Answer",
    "Approval",
    "ArmPeriod",
    "Assessment",
    "Attempt",
    "Consent",
    "ConsentChoice",
    "Contact",
    "Event",
    "Heartbeat",
    "Message",
    "Participant",
    "PersonalKey",
    "ProtocolVersion",
    "Screening",
    "Seal",
    "Staff",
    "StaffGrant",
    "StaffToken",
    "Study",
    "Unblinding",
]
