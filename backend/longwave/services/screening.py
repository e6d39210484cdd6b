"""The screening register: who was thought of for a study and did not enrol."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.consent import is_email, normal_email
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import ScreeningOutcome, StudyState
from longwave.domain.permissions import Action
from longwave.keys import KeyRing, Purpose
from longwave.services import audit
from longwave.services.study import current_protocol
from longwave.storage import screening as register
from longwave.storage import study as studies
from longwave.storage.tables import Screening, Study
from longwave.storage.tables.base import key

_TAKES_ENTRIES = (StudyState.OPEN, StudyState.CLOSED)
_LONGEST_REASON = 200


def enter(
    session: Session,
    study: Study,
    *,
    site: str,
    outcome: str,
    reason: str | None = None,
    email: str | None = None,
    keys: KeyRing,
    viewer: Viewer,
    now: datetime,
) -> Screening:
    """Write one line of a study's screening register.

    Parameters
    ----------
    site
        Where the person was thought of.
    outcome
        ``approached``, ``declined`` or ``ineligible``.
    reason
        Why; of the ineligible it is needed. It is counted as it is, and must name nobody.
    email
        An address by which the same person is found again; only its keyed hash is kept.

    Raises
    ------
    InvalidInputError
        If the outcome is no such word, the reason is missing or the address is none.
    NotFoundError
        If the study has no such site, or it is none of the viewer's.
    RefusedTransitionError
        If the study is not open or closed to enrolment.
    """
    viewer.require(Action.KEEP_REGISTER, site=site)
    if site not in current_protocol(session, study).sites:
        raise NotFoundError(f"There is no site {site[:40]!r}.", "Use one of the study's sites.")
    if studies.hold_state(session, key(study)) not in _TAKES_ENTRIES:
        raise RefusedTransitionError(
            f"The study {study.slug} does not screen: it is {study.state}.",
            "The register is kept from the opening of a study to its lock.",
        )
    reason = (reason or "").strip() or None
    email = (email or "").strip() or None
    _check(outcome, reason, email)
    line = Screening(
        study_id=key(study),
        site=site,
        outcome=outcome,
        reason=reason,
        digest=keys.mac(Purpose.DUPLICATES, normal_email(email)) if email else None,
        entered_by=viewer.name,
        entered_at=now,
    )
    session.add(line)
    session.flush()
    payload = {"outcome": outcome, "site": site, **({"reason": reason} if reason else {})}
    audit.record(session, study, "screening.entered", payload, actor=viewer.name, now=now)
    return line


def lines(session: Session, study: Study, *, viewer: Viewer) -> list[Screening]:
    """Return the lines of a study's register at the sites that a viewer may see."""
    viewer.require(Action.SEE_REGISTER)
    sites = viewer.sites_for(Action.SEE_REGISTER)
    return [
        line
        for line in register.of_study(session, key(study))
        if sites is None or line.site in sites
    ]


def _check(outcome: str, reason: str | None, email: str | None) -> None:
    faults: dict[str, str] = {}
    outcomes = [found.value for found in ScreeningOutcome]
    if outcome not in outcomes:
        faults["outcome"] = f"Write one of {', '.join(outcomes)}."
    if outcome == ScreeningOutcome.INELIGIBLE and reason is None:
        faults["reason"] = "Say in a word why this person is not eligible."
    if reason is not None and len(reason) > _LONGEST_REASON:
        faults["reason"] = f"Say it in at most {_LONGEST_REASON} characters."
    if email is not None and not is_email(email):
        faults["email"] = "Write an e-mail address such as name@example.org, or none."
    if faults:
        raise InvalidInputError(
            "The line cannot go into the register.", "See the marked fields.", faults
        )
