"""What is true about messages: which go first, how often they are tried, and when none is due."""

from longwave.domain.messages.budget import room_at
from longwave.domain.messages.kinds import Counted, Kind, Policy, policy_of
from longwave.domain.messages.reasons import Reason
from longwave.domain.messages.retrying import MOST_ATTEMPTS, MOST_IN_DOUBT, back_off, drawn_for

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_IN_DOUBT",
    "Counted",
    "Kind",
    "Policy",
    "Reason",
    "back_off",
    "drawn_for",
    "policy_of",
    "room_at",
]
