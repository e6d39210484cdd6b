"""The tables. Importing this package registers them all."""

from longwave.storage.tables.assessment import Answer, Assessment
from longwave.storage.tables.message import Attempt, Bounce, Message, SendingRate
from longwave.storage.tables.participant import (
    Allocation,
    ArmPeriod,
    Code,
    Consent,
    ConsentChoice,
    Contact,
    Participant,
    PersonalKey,
    Screening,
    Unblinding,
)
from longwave.storage.tables.programme import CourseGroup, Dose, GroupMember
from longwave.storage.tables.safety import Alert
from longwave.storage.tables.staff import Staff, StaffGrant, StaffToken, Task
from longwave.storage.tables.study import Approval, Media, ProtocolVersion, Study
from longwave.storage.tables.trail import Event, Heartbeat, Lease, Seal

__all__ = [
    "Alert",
    "Allocation",
    "Answer",
    "Approval",
    "ArmPeriod",
    "Assessment",
    "Attempt",
    "Bounce",
    "Code",
    "Consent",
    "ConsentChoice",
    "Contact",
    "CourseGroup",
    "Dose",
    "Event",
    "GroupMember",
    "Heartbeat",
    "Lease",
    "Media",
    "Message",
    "Participant",
    "PersonalKey",
    "ProtocolVersion",
    "Screening",
    "Seal",
    "SendingRate",
    "Staff",
    "StaffGrant",
    "StaffToken",
    "Study",
    "Task",
    "Unblinding",
]
