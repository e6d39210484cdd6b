"""Who may learn which arm a participant is in, or anything from which it follows."""

from longwave.domain.blinding.concealed import Concealed
from longwave.domain.blinding.rules import (
    EVENTS,
    MESSAGES,
    follow_up_shown,
    message_is_shown,
    shown_payload,
    waves_shown,
    waves_that_tell,
)
from longwave.domain.blinding.viewer import Grant, Viewer

__all__ = [
    "EVENTS",
    "MESSAGES",
    "Concealed",
    "Grant",
    "Viewer",
    "follow_up_shown",
    "message_is_shown",
    "shown_payload",
    "waves_shown",
    "waves_that_tell",
]
