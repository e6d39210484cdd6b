"""Studies: added from a protocol's files, opened, found."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlmodel import Session

from longwave.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.model import Protocol
from longwave.domain.randomisation import SealedSettings, make_settings
from longwave.keys import KeyRing, Purpose
from longwave.services import audit
from longwave.storage import study as studies
from longwave.storage.tables import ProtocolVersion, Study
from longwave.storage.tables.base import key

_SEED_BYTES = 32

Entropy = Callable[[int], bytes]
"""A source of random bytes; the operating system's, except in a rehearsal."""


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
    session.add(
        ProtocolVersion(
            study_id=key(study),
            number=1,
            hash=protocol.hash,
            files={name: content.decode() for name, content in files.items()},
            added_at=now,
        )
    )
    audit.record(session, study, "study.added", {"hash": protocol.hash}, actor=actor, now=now)
    session.flush()
    return study


def open_study(
    session: Session,
    slug: str,
    *,
    trial_run: bool,
    keys: KeyRing,
    actor: str,
    now: datetime,
    entropy: Entropy = secrets.token_bytes,
) -> Study:
    """Open a study to enrolment and seal the settings of its randomisation.

    A trial run may open from draft, on placeholder wordings; it never becomes live. A live
    study must be approved first and have its licensed wordings.
    """
    study = get_study(session, slug)
    protocol = current_protocol(session, study)
    if trial_run:
        _require(study, StudyState.DRAFT)
        study.mode = StudyMode.TRIAL_RUN
    else:
        _require(study, StudyState.APPROVED)
        _require_wordings(protocol)
    study.state = StudyState.OPEN
    study.opened_at = now
    if protocol.randomisation is not None:
        settings = make_settings(protocol.randomisation, entropy(_SEED_BYTES))
        study.sealed = keys.encrypt(Purpose.SEALED, settings.to_json().encode(), slug)
        study.commitment = settings.commitment()
    audit.record(
        session,
        study,
        "study.opened",
        {"mode": study.mode, "hash": protocol.hash, "commitment": study.commitment},
        actor=actor,
        now=now,
    )
    session.flush()
    return study


def list_studies(session: Session) -> list[Study]:
    """Return every study."""
    return studies.all_studies(session)


def get_study(session: Session, slug: str) -> Study:
    """Return the study called ``slug``."""
    study = studies.by_slug(session, slug)
    if study is None:
        raise NotFoundError(
            f"There is no study called {slug}.", "`longwave study list` shows those there are."
        )
    return study


def get_open_study(session: Session, slug: str) -> Study:
    """Return the study called ``slug`` if it enrols participants now."""
    study = get_study(session, slug)
    if study.state != StudyState.OPEN:
        raise RefusedTransitionError(
            "This study does not take new participants at the moment.",
            "Please ask the study team.",
        )
    return study


def current_version(session: Session, study: Study) -> ProtocolVersion:
    """Return the version of the protocol that is in force."""
    return studies.latest_version(session, key(study))


def current_protocol(session: Session, study: Study) -> Protocol:
    """Return the protocol that is in force; a session asks the database once."""
    known = session.info.setdefault("current protocols", {})
    if study.id not in known:
        known[study.id] = protocol_of(session, studies.latest_version_id(session, key(study)))
    protocol: Protocol = known[study.id]
    return protocol


def protocol_of(session: Session, version_id: int) -> Protocol:
    """Return the protocol of one version, from memory if this process has read it before."""
    known = _protocols.setdefault(session.get_bind().engine, {})
    if version_id not in known:
        files = studies.version(session, version_id).files
        known[version_id] = read_protocol({name: text.encode() for name, text in files.items()})
    return known[version_id]


_protocols: WeakKeyDictionary[Engine, dict[int, Protocol]] = WeakKeyDictionary()
"""Protocols by database and version; they are immutable, and an installation has few."""


def sealed_settings(study: Study, keys: KeyRing) -> SealedSettings:
    """Unseal the randomisation settings of a study, to allocate; never to show."""
    if study.sealed is None:
        raise RefusedTransitionError("This study does not randomise.", "Check its protocol.")
    return SealedSettings.from_json(keys.decrypt(Purpose.SEALED, study.sealed, study.slug).decode())


def _require(study: Study, state: StudyState) -> None:
    if study.state != state:
        raise RefusedTransitionError(
            f"The study {study.slug} is {study.state}, not {state}.",
            "A trial run opens from draft (--trial-run); a live study needs approval first.",
        )


def _require_wordings(protocol: Protocol) -> None:
    lacking = sorted(
        f"{instrument.id} ({language})"
        for instrument in protocol.instruments.values()
        for language in instrument.placeholder & set(protocol.study.languages)
    )
    if lacking:
        raise RefusedTransitionError(
            f"A live study cannot open on placeholder wordings: {', '.join(lacking)}.",
            "Put the licensed wordings into the study's folder, "
            "or open it as a trial run (--trial-run).",
        )
