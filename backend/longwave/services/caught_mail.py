"""Mail that was caught instead of sent: who may read it."""

from __future__ import annotations

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError
from longwave.domain.lifecycle import StudyMode
from longwave.domain.permissions import Action
from longwave.services.study import list_studies


def require_caught_mail(session: Session, viewer: Viewer) -> None:
    """Let pass whoever may read caught mail: addresses, and links that still work.

    Raises
    ------
    NotAllowedError
        If a study of this installation has opened for real participants, or the viewer is
        blinded or does not run the study at every site.
    """
    if any(
        study.mode == StudyMode.LIVE and study.opened_at is not None
        for study in list_studies(session)
    ):
        raise NotAllowedError(
            "Caught mail can be read in trial runs only, and a live study runs here.",
            "Read it where the server keeps it, or run the trial in an installation of its own.",
        )
    if viewer.blinded or viewer.sites_for(Action.FOLLOW_UP) is not None:
        raise NotAllowedError(
            "Caught mail holds personal links, with which one could answer for a participant.",
            "Ask an owner or a coordinator who is not blinded.",
        )


def may_read_caught_mail(session: Session, viewer: Viewer) -> bool:
    """Whether `require_caught_mail` would let this person pass."""
    try:
        require_caught_mail(session, viewer)
    except NotAllowedError:
        return False
    return True
