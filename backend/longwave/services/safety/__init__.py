"""Safety rules at work: looked at as answers come, told to the team, and looked after."""

from longwave.services.safety.help import Help, help_of, pages_for
from longwave.services.safety.looking import has_raised, look
from longwave.services.safety.looking_after import ShownAlert, acknowledge, read_alerts
from longwave.services.safety.reminding import remind_due
from longwave.services.safety.standing import gaps_in_cover, late_alerts
from longwave.services.safety.watching import watching

__all__ = [
    "Help",
    "ShownAlert",
    "acknowledge",
    "gaps_in_cover",
    "has_raised",
    "help_of",
    "late_alerts",
    "look",
    "pages_for",
    "read_alerts",
    "remind_due",
    "watching",
]
