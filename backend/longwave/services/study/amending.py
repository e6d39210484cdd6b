"""Another version of a study's protocol, while the study runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import study as lifecycle
from longwave.domain.lifecycle.study import ApprovalFacts
from longwave.domain.permissions import Action
from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.amendment import changes_consent_silently, not_amendable
from longwave.domain.protocol.model import Protocol
from longwave.i18n import languages
from longwave.services import audit
from longwave.services.study.covering import uncovered_alerts
from longwave.services.study.opening import add_version, store_approval, today_of
from longwave.services.study.reading import (
    current_protocol,
    current_version,
    facts_of,
    forget_current_protocol,
    get_study,
    protocol_of,
)
from longwave.storage import study as studies
from longwave.storage.tables import ProtocolVersion, Study
from longwave.storage.tables.base import key


def amend_study(
    session: Session,
    slug: str,
    files: Mapping[str, bytes],
    *,
    viewer: Viewer,
    now: datetime,
    reference: str | None = None,
    approver: str | None = None,
    approved_on: date | None = None,
    registry_id: str | None = None,
    exemption: str | None = None,
) -> ProtocolVersion:
    """Put another version of a study's protocol in force.

    It may differ in the consent document and its version, in pages, wordings and summary, in
    messages and caps, and in when waves come; and it may add waves. A live study's version needs
    an approval of its own; its registration is that of the version before unless another is given.

    The next sweeps carry it out, person by person: what has not opened by ``now`` moves to its
    windows, what has is left as it is, and nothing is sent again.

    Raises
    ------
    ProtocolFaults
        If the new version has faults; it names each.
    InvalidInputError
        If it changes what cannot be changed, or nothing, or its approval is not complete.
    RefusedTransitionError
        If the study is locked, or the version could not be shown to real participants.
    """
    viewer.require_everywhere(Action.RUN_STUDY)
    study = studies.lock_to_change(session, key(get_study(session, slug)))
    lifecycle.amend(facts_of(study))
    before, after = current_protocol(session, study), read_protocol(files)
    _check_difference(slug, before, after)
    _check_consent_version(session, study, after)
    approval = None
    if lifecycle.needs_approval(facts_of(study)):
        _check_showable(session, study, after)
        approval = _approval(
            session,
            study,
            reference=reference,
            approver=approver,
            approved_on=approved_on,
            registry_id=registry_id,
            exemption=exemption,
        ).checked(today=today_of(after, now))
    number = current_version(session, study).number + 1
    version = add_version(session, study, after, files, number=number, now=now)
    forget_current_protocol(session)
    if approval is not None:
        store_approval(session, study, approval, viewer=viewer, now=now)
    audit.record(
        session,
        study,
        "study.amended",
        {"number": number, "hash": after.hash, "consent": after.consent.version},
        actor=viewer.name,
        now=now,
    )
    session.flush()
    return version


def _check_difference(slug: str, before: Protocol, after: Protocol) -> None:
    if before.hash == after.hash:
        raise InvalidInputError(
            f"This is the version of {slug} that is in force already.", "Nothing to do."
        )
    refused = not_amendable(before, after)
    if refused:
        raise InvalidInputError(
            f"An amendment cannot change {', '.join(refused)}.",
            "It can change the consent document with its version, texts, wordings, the summary, "
            "messages, caps and the times of waves, and add waves. For anything else, run another "
            "study.",
            dict.fromkeys(refused, "cannot be amended"),
        )


def _check_consent_version(session: Session, study: Study, after: Protocol) -> None:
    """Refuse a document under a version that some other had, now or before: it was signed."""
    for version_id in studies.version_ids(session, key(study)):
        if changes_consent_silently(protocol_of(session, version_id), after):
            raise InvalidInputError(
                "The consent document changes, but consent.version does not: another document "
                f"of this study is or was {after.consent.version} already.",
                "Give it a new version, so that everybody is asked to sign it.",
                {"consent.version": "must change with the document"},
            )


def _check_showable(session: Session, study: Study, protocol: Protocol) -> None:
    reasons = [
        *lifecycle.reasons_against(protocol, is_approved=True, page_languages=languages()),
        *map(str, uncovered_alerts(session, study, protocol) if study.opened_at else ()),
    ]
    if reasons:
        raise RefusedTransitionError(
            f"The live study {study.slug} cannot be amended so: {'; '.join(reasons)}.",
            "Mend all of this in the new version.",
        )


def _approval(
    session: Session,
    study: Study,
    *,
    reference: str | None,
    approver: str | None,
    approved_on: date | None,
    registry_id: str | None,
    exemption: str | None,
) -> ApprovalFacts:
    if reference is None or approver is None or approved_on is None:
        raise InvalidInputError(
            f"{study.slug} is approved, and another version needs an approval of its own.",
            "Give its reference, who approved it, and when.",
            {
                name: "is missing"
                for name, value in (
                    ("reference", reference),
                    ("approver", approver),
                    ("approved_on", approved_on),
                )
                if value is None
            },
        )
    former = studies.latest_approval(session, key(study))
    if registry_id is None and exemption is None and former is not None:
        registry_id, exemption = former.registry_id, former.exemption
    return ApprovalFacts(reference, approver, approved_on, registry_id, exemption)
