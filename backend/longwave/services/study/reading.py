"""Studies and their protocols, found."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlmodel import Session

from longwave.domain.errors import NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.domain.lifecycle.study import StudyFacts
from longwave.domain.protocol import read_stored
from longwave.domain.protocol.model import Protocol
from longwave.domain.randomisation import SealedSettings
from longwave.keys import KeyRing, Purpose
from longwave.storage import study as studies
from longwave.storage.tables import ProtocolVersion, Study
from longwave.storage.tables.base import key


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


def facts_of(study: Study) -> StudyFacts:
    """Return what the transitions of a study decide by."""
    return StudyFacts(study.slug, StudyMode(study.mode), StudyState(study.state))


def current_protocol(session: Session, study: Study) -> Protocol:
    """Return the protocol that is in force; a session asks the database once."""
    known = session.info.setdefault(_IN_FORCE, {})
    if study.id not in known:
        known[study.id] = protocol_of(session, studies.latest_version_id(session, key(study)))
    protocol: Protocol = known[study.id]
    return protocol


def forget_current_protocol(session: Session) -> None:
    """Let `current_protocol` ask the database again, after another version was added."""
    session.info.pop(_IN_FORCE, None)


_IN_FORCE = "current protocols"


def protocol_of(session: Session, version_id: int) -> Protocol:
    """Return the protocol of one version, from memory if this process has read it before."""
    known = _protocols.setdefault(session.get_bind().engine, {})
    if version_id not in known:
        files = studies.version(session, version_id).files
        known[version_id] = read_stored(files)
    return known[version_id]


_protocols: WeakKeyDictionary[Engine, dict[int, Protocol]] = WeakKeyDictionary()
"""Protocols by database and version; they are immutable, and an installation has few."""


def sealed_settings(study: Study, keys: KeyRing) -> SealedSettings:
    """Unseal the randomisation settings of a study, to allocate; never to show."""
    if study.sealed is None:
        raise RefusedTransitionError("This study does not randomise.", "Check its protocol.")
    return SealedSettings.from_json(keys.decrypt(Purpose.SEALED, study.sealed, study.slug).decode())
