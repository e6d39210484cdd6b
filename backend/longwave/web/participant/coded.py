"""Forms that ask for a code: what came of asking and typing, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.errors import TooOftenError
from longwave.i18n import Translator
from longwave.services import codes
from longwave.storage.tables import Participant
from longwave.web.edge import Edge

CODE = "code"
"""The name of the field."""

Ask = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class CodeForm:
    """How a form for a code stands: until when one that was sent is good, and what was wrong.

    ``typed`` is a code that was typed, and not yet tried.
    """

    good_until: datetime | None
    fault: str = ""
    typed: str = ""

    @property
    def status(self) -> int:
        """The status of a page that shows it."""
        return 422 if self.fault else 200


@dataclass(frozen=True, slots=True)
class Refused:
    """Asking for a code was refused until an instant."""

    again_at: datetime


def ask(edge: Edge, asking: Ask) -> Refused | None:
    """Ask for a code in a transaction of its own; return what keeps it from being sent."""
    try:
        with edge.database.writing() as session:
            asking(session)
    except TooOftenError as error:
        return Refused(error.again_at)
    return None


def form_of(
    session: Session,
    participant: Participant,
    purpose: CodePurpose,
    say: Translator,
    *,
    now: datetime,
    tried: Tried | None = None,
    refused: Refused | None = None,
    typed: str = "",
) -> CodeForm:
    """Return how a form for a code stands."""
    code = codes.awaited(session, participant, purpose, now=now)
    fault = ""
    if refused is not None:
        zone = participant.zone_at(now)
        told = say(
            "You have asked for several codes in a short time. You can ask for another one from "
            "{time} on; a code that has come is still good."
        )
        fault = told.format(time=say.time(refused.again_at, zone))
    elif tried is not None:
        fault = say(_FAULTS[tried])
    return CodeForm(code.expires_at if code is not None else None, fault, typed)


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


_FAULTS: Mapping[Tried, str] = {
    Tried.RIGHT: "",
    Tried.WRONG: _("That is not the code. Please type the six digits of the newest message."),
    Tried.WORN_OUT: _("That was wrong too often. Please ask for a new code."),
    Tried.GONE: _("There is no code that is still good. Please ask for a new one."),
}
