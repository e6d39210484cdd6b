"""The beginning of a study: added as a draft, approved, opened."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.domain.lifecycle import study as lifecycle
from longwave.domain.lifecycle.study import ApprovalFacts
from longwave.domain.permissions import Action
from longwave.domain.protocol import PROTOCOL_FILE, read_protocol, stored_form
from longwave.domain.protocol.document import read_document
from longwave.domain.protocol.faults import FaultList
from longwave.domain.protocol.model import Protocol
from longwave.domain.randomisation import check_lists, factor_levels, make_settings
from longwave.i18n import languages
from longwave.keys import KeyRing, Purpose
from longwave.services import audit
from longwave.services.study.covering import uncovered_alerts
from longwave.services.study.reading import (
    current_protocol,
    current_version,
    facts_of,
    get_study,
)
from longwave.storage import media
from longwave.storage import study as studies
from longwave.storage.tables import Approval, ProtocolVersion, Study
from longwave.storage.tables.base import key

_SEED_BYTES = 32
_NOBODY_LOOKED = ("nobody has looked whether its configuration is safe",)

Entropy = Callable[[int], bytes]
"""A source of random bytes; the operating system's, except in a rehearsal."""

Lists = Mapping[str, Sequence[str]]
"""Uploaded lists of arms, by stratum."""


def add_study(session: Session, files: Mapping[str, bytes], *, actor: str, now: datetime) -> Study:
    """Check a protocol and add a study that runs it, as a draft.

    Raises
    ------
    ProtocolFaults
        If the protocol has faults; it names each.
    InvalidInputError
        If there is a study of this name already.
    """
    protocol = read_protocol(files)
    slug = protocol.study.slug
    if studies.by_slug(session, slug) is not None:
        raise InvalidInputError(
            f"There is a study called {slug} already.",
            "Give the protocol another slug.",
        )
    study = Study(slug=slug, mode=StudyMode.LIVE, state=StudyState.DRAFT, added_at=now)
    session.add(study)
    session.flush()
    add_version(session, study, protocol, files, number=1, now=now)
    audit.record(session, study, "study.added", {"hash": protocol.hash}, actor=actor, now=now)
    session.flush()
    return study


def approve_study(
    session: Session,
    slug: str,
    *,
    reference: str,
    approver: str,
    approved_on: date,
    registry_id: str | None = None,
    exemption: str | None = None,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
    lists: Lists | None = None,
    entropy: Entropy = secrets.token_bytes,
) -> Study:
    """Record the approval of a draft, and seal the settings of its randomisation for ever.

    Parameters
    ----------
    reference, approver, approved_on
        Of the ethics approval.
    registry_id, exemption
        The id in a public registry, or why there is none.
    lists
        The lists of arms, by stratum, of a study that randomises by lists.

    Raises
    ------
    InvalidInputError
        Naming all that is missing of the approval, or what is wrong with the lists.
    RefusedTransitionError
        If the study is no draft, or its protocol tells the settings of the randomisation.
    """
    viewer.require_everywhere(Action.RUN_STUDY)
    study = studies.lock_to_change(session, key(get_study(session, slug)))
    protocol = current_protocol(session, study)
    facts = ApprovalFacts(reference, approver, approved_on, registry_id, exemption)
    state = lifecycle.approve(facts_of(study))
    checked = facts.checked(today=today_of(protocol, now))
    if protocol.randomisation is not None and protocol.randomisation.inline is not None:
        raise RefusedTransitionError(
            f"The protocol of {slug} tells the settings of its randomisation to everybody.",
            "Take randomisation.sealed out of it and add the study anew; block sizes and seed are "
            "made at approval, and lists are given with --lists.",
        )
    study.state = state
    _seal_settings(study, protocol, keys, entropy, lists)
    store_approval(session, study, checked, viewer=viewer, now=now)
    return study


def open_study(
    session: Session,
    slug: str,
    *,
    trial_run: bool,
    keys: KeyRing,
    viewer: Viewer,
    now: datetime,
    unsafe: Sequence[str] = _NOBODY_LOOKED,
    lists: Lists | None = None,
    entropy: Entropy = secrets.token_bytes,
) -> Study:
    """Open a study to enrolment.

    A trial run may open from draft, on placeholder wordings; its settings are sealed now, and
    it never becomes live. A live study was approved before.

    Parameters
    ----------
    unsafe
        What is unsafe about this installation, as `Settings.unsafe_for_participants` says. It
        keeps a live study from opening.
    lists
        The lists of arms, by stratum, of a trial run that randomises by lists.

    Raises
    ------
    RefusedTransitionError
        Naming everything that keeps the study from opening.
    """
    viewer.require_everywhere(Action.RUN_STUDY)
    study = studies.lock_to_change(session, key(get_study(session, slug)))
    protocol = current_protocol(session, study)
    version = current_version(session, study)
    if trial_run:
        study.state = lifecycle.open_trial_run(facts_of(study))
        study.mode = StudyMode.TRIAL_RUN
        _seal_settings(study, protocol, keys, entropy, lists)
    else:
        study.state = lifecycle.open_live(
            facts_of(study),
            protocol,
            is_approved=studies.approval_of(session, key(version)) is not None,
            page_languages=languages(),
            unsafe=[*map(str, uncovered_alerts(session, study, protocol)), *unsafe],
        )
    study.opened_at = now
    audit.record(
        session,
        study,
        "study.opened",
        {
            "mode": study.mode,
            "hash": version.hash,
            "analysis_hash": analysis_hash(version),
            "commitment": study.commitment,
        },
        actor=viewer.name,
        now=now,
    )
    session.flush()
    return study


def analysis_hash(version: ProtocolVersion) -> str:
    """Return the SHA-256 of the planned analysis: of the sorted JSON of the block ``analysis``."""
    document = read_document(PROTOCOL_FILE, version.files[PROTOCOL_FILE].encode(), FaultList())
    data = document.data if document is not None else None
    planned = data.get("analysis") if isinstance(data, dict) else None
    canonical = json.dumps(planned or [], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def add_version(
    session: Session,
    study: Study,
    protocol: Protocol,
    files: Mapping[str, bytes],
    *,
    number: int,
    now: datetime,
) -> ProtocolVersion:
    """Store one version of a study's protocol, with its files."""
    version = ProtocolVersion(
        study_id=key(study),
        number=number,
        hash=protocol.hash,
        files=stored_form(files),
        added_at=now,
    )
    for audio in protocol.audio():
        media.keep(session, audio.hash, audio.type, files[audio.path])
    session.add(version)
    session.flush()
    return version


def store_approval(
    session: Session, study: Study, facts: ApprovalFacts, *, viewer: Viewer, now: datetime
) -> None:
    """Store the approval of the version in force, and write it down."""
    version = current_version(session, study)
    session.add(
        Approval(
            study_id=key(study),
            protocol_version_id=key(version),
            reference=facts.reference,
            approver=facts.approver,
            approved_on=facts.approved_on,
            registry_id=facts.registry_id,
            exemption=facts.exemption,
            recorded_by=viewer.name,
            recorded_at=now,
        )
    )
    registered = (
        {"registry": facts.registry_id}
        if facts.registry_id is not None
        else {"exemption": facts.exemption}
    )
    audit.record(
        session,
        study,
        "study.approved",
        {
            "reference": facts.reference,
            "approver": facts.approver,
            "approved_on": facts.approved_on.isoformat(),
            **registered,
            "hash": version.hash,
            "commitment": study.commitment,
        },
        actor=viewer.name,
        now=now,
    )
    session.flush()


def today_of(protocol: Protocol, now: datetime) -> date:
    """Return the day that it is where the study is at home."""
    return now.astimezone(ZoneInfo(protocol.study.timezone)).date()


def _seal_settings(
    study: Study, protocol: Protocol, keys: KeyRing, entropy: Entropy, lists: Lists | None
) -> None:
    plan = protocol.randomisation
    if plan is None:
        return
    settings = make_settings(plan, entropy(_SEED_BYTES), lists)
    if lists:
        check_lists(lists, plan.ratio, factor_levels(protocol))
    study.sealed = keys.encrypt(Purpose.SEALED, settings.to_json().encode(), study.slug)
    study.commitment = settings.commitment()
