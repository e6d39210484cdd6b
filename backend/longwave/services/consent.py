"""Signatures under the consent document, and the choices that go with them.

What was signed is never changed: a newer document is signed anew, and a use of the data that
was allowed and no longer is has two rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from longwave.domain.consent import ConsentForm, check_consent, document_hash, language_read
from longwave.domain.errors import ConsentNeededError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.model import Protocol
from longwave.keys import KeyRing, Purpose
from longwave.services import outbox
from longwave.services.participant import hold, hold_open, move, record, require_open
from longwave.services.study import current_protocol
from longwave.storage import consent as consents
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Consent, ConsentChoice, Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"

__all__ = [
    "ConsentForm",
    "choose",
    "consent_needed",
    "language_of",
    "needs_new_consent",
    "require_consent",
    "sign",
    "sign_again",
    "standing_choices",
    "who_must_sign",
]


def sign(
    session: Session,
    participant: Participant,
    form: ConsentForm,
    kind: str,
    *,
    now: datetime,
    more: dict[str, Any] | None = None,
) -> None:
    """Write down a checked form: the signature, an event ``kind``, the choices; mail a copy.

    Whoever is reached by telephone alone finds the copy on her own page.

    ``more`` stands in the event besides. The participant is locked.
    """
    protocol = _protocol(session, participant)
    language = language_read(protocol.consent, form, language_of(protocol, participant))
    signature = Consent(
        participant_id=key(participant),
        version=protocol.consent.version,
        language=language,
        document_hash=document_hash(protocol.consent.documents[language]),
        statements={
            statement.id: statement.id in form.ticked for statement in protocol.consent.statements
        },
        signed_at=now,
    )
    session.add(signature)
    payload = {
        "consent": signature.version,
        "document": signature.document_hash,
        "language": language,
        "statements": signature.statements,
        **(more or {}),
    }
    record(session, participant, kind, payload, actor=_PARTICIPANT, now=now)
    before = standing_choices(session, participant)
    for use in protocol.consent.uses:
        allowed = use.id in form.allowed
        if before.get(use.id) is not allowed:
            _store_choice(session, participant, use.id, allowed, _PARTICIPANT, now)
    contact = participants.contact(session, key(participant))
    if contact is not None and contact.email is not None:
        outbox.queue_consent_copy(session, participant, signature.version, now=now)


def needs_new_consent(session: Session, participant: Participant) -> bool:
    """Whether the protocol in force has a consent document that this participant has not signed."""
    return bool(who_must_sign(session, [participant]))


def who_must_sign(session: Session, people: Sequence[Participant]) -> set[int]:
    """Return for which of some participants `needs_new_consent` holds, by id."""
    enrolled: defaultdict[str, set[int]] = defaultdict(set)
    for participant in people:
        if participant.enrolled_at is not None:
            enrolled[_protocol(session, participant).consent.version].add(key(participant))
    return {
        whose
        for version, ids in enrolled.items()
        for whose in ids - consents.who_signed(session, ids, version)
    }


def require_consent(session: Session, participant: Participant) -> None:
    """Refuse to go on before a new version of the consent document has been signed.

    Raises
    ------
    ConsentNeededError
        If it has not.
    """
    if needs_new_consent(session, participant):
        raise consent_needed()


def consent_needed() -> ConsentNeededError:
    """Return the failure that leads a participant to the new version."""
    return ConsentNeededError(
        "The consent document has changed since you signed it.",
        "Please read and sign the new version first.",
    )


def sign_again(
    session: Session, participant: Participant, form: ConsentForm, *, keys: KeyRing, now: datetime
) -> None:
    """Sign the version of the consent document that is in force now.

    The address stays as it is, whatever ``form`` says; the name is kept as it was typed.

    Raises
    ------
    InvalidInputError
        If a required statement or the name is missing.
    RefusedTransitionError
        If this version was signed before, or the participant has left.
    """
    participant, _ = hold_open(session, participant)
    move(participant, lifecycle.sign_again)
    if not needs_new_consent(session, participant):
        raise RefusedTransitionError(
            "This version of the consent document was signed already.", "Go on to the questions."
        )
    protocol = _protocol(session, participant)
    language = language_read(protocol.consent, form, language_of(protocol, participant))
    check_consent(protocol.consent, form, language, again=True)
    contact = participants.contact(session, key(participant))
    if contact is not None:
        contact.name = keys.encrypt(
            Purpose.CONTACT, form.name.strip().encode(), participant.public_id
        )
    sign(session, participant, form, "participant.consented_again", now=now)


def choose(
    session: Session,
    participant: Participant,
    use: str,
    *,
    allowed: bool,
    actor: str,
    now: datetime,
) -> None:
    """Allow a further use of data or address, or no longer allow it.

    Taking back is possible at any time, also when the study is locked.

    Raises
    ------
    NotFoundError
        If the protocol knows no such use, and none was ever allowed.
    """
    participant = hold(session, participant)
    if allowed:
        require_open(session, participant.study_id)
    known = {found.id for found in _protocol(session, participant).consent.uses}
    standing = standing_choices(session, participant)
    if use not in known and (allowed or use not in standing):
        raise NotFoundError(
            f"There is no use {use[:40]!r} to choose.", "Load the page of your choices again."
        )
    if standing.get(use, False) is not allowed:
        _store_choice(session, participant, use, allowed, actor, now)


def standing_choices(session: Session, participant: Participant) -> dict[str, bool]:
    """Return what a participant last said to each use that was ever put to her."""
    return consents.choices(session, key(participant))


def language_of(protocol: Protocol, participant: Participant) -> str:
    """Return the language of the document that a participant reads, unless she chose another."""
    documents = protocol.consent.documents
    return participant.language if participant.language in documents else next(iter(documents))


def _protocol(session: Session, participant: Participant) -> Protocol:
    return current_protocol(session, studies.by_id(session, participant.study_id))


def _store_choice(
    session: Session,
    participant: Participant,
    use: str,
    allowed: bool,
    actor: str,
    now: datetime,
) -> None:
    session.add(
        ConsentChoice(participant_id=key(participant), use=use, allowed=allowed, chosen_at=now)
    )
    payload = {"use": use, "allowed": allowed}
    record(session, participant, "participant.choice", payload, actor=actor, now=now)
