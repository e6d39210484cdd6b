"""What the clockwork cannot settle, and somebody of the team has to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class TaskKind(StrEnum):
    """Why there is something to do."""

    ADDRESS_BOUNCED = "address_bounced"
    NUMBER_BOUNCED = "number_bounced"
    COMPLAINT = "complaint"
    STAFF_BOUNCED = "staff_bounced"
    CLOCKWORK_FAILED = "clockwork_failed"
    ERASURE_REQUESTED = "erasure_requested"


WHAT_TO_DO: Mapping[str, str] = {
    TaskKind.ADDRESS_BOUNCED: (
        "Mail to this participant comes back. Find out an address that works and enter it; until "
        "then nothing is sent there."
    ),
    TaskKind.NUMBER_BOUNCED: (
        "SMS to this participant are refused. Find out a number that works and enter it; until "
        "then nothing is sent there."
    ),
    TaskKind.COMPLAINT: (
        "This participant marked a message as unwanted, so messages are paused. Ask whether that "
        "was meant; the study can be gone on with, or left."
    ),
    TaskKind.STAFF_BOUNCED: (
        "Mail to a member of staff comes back: who is told of urgent things is not reached. Look "
        "into the addresses of the staff."
    ),
    TaskKind.CLOCKWORK_FAILED: (
        "Something that was due for this participant could not be done, such as opening a wave. "
        "Ask whoever runs this installation: its log says what went wrong. It is tried again with "
        "every tick."
    ),
    TaskKind.ERASURE_REQUESTED: (
        "This participant asks to have their data erased, and proved by a code to be the owner of "
        "the known address. Messages are paused. Erase what the protocol says is erased; that an "
        "owner does so settles the task."
    ),
}
"""What is to be done about each kind, in words."""

OF_MESSAGES = frozenset({TaskKind.ADDRESS_BOUNCED, TaskKind.NUMBER_BOUNCED, TaskKind.COMPLAINT})
"""Those that a message to a participant brought about: whoever may not know of it may not know
of them."""

OF_NO_ARM = frozenset({TaskKind.ERASURE_REQUESTED})
"""Those that a participant brought about, whatever the arm: the blinded may know of them."""
