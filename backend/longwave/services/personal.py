"""Personal values in the trail: encrypted under a key of their person, which can be forgotten."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.keys import KeyRing, Purpose
from longwave.storage import personal
from longwave.storage.tables import Participant
from longwave.storage.tables.base import key

_KEY_BYTES = 32
_NONCE_BYTES = 12
_CORRECTION = "answer.corrected"

Values = Mapping[str, str | int | float | bool | None]
"""Personal values by name."""


def encrypt(
    session: Session,
    participant: Participant,
    keys: KeyRing,
    values: Values,
    *,
    kind: str = _CORRECTION,
) -> str:
    """Encrypt values for an event of ``kind``; the person's key is made with the first of them.

    Returns
    -------
    str
        Base64 of nonce and ciphertext (AES-256-GCM).

    Raises
    ------
    RefusedTransitionError
        If this person's values were erased: nothing personal is kept of them again.
    """
    if participant.erased_at is not None:
        raise RefusedTransitionError(
            f"The personal values of {participant.public_id} were erased.",
            "Nothing personal can be written of this participant any more.",
        )
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps(dict(values), sort_keys=True).encode()
    cipher = AESGCM(_own_key(session, participant, keys) or _new_key(session, participant, keys))
    body = cipher.encrypt(nonce, plain, _context(participant, kind))
    return base64.b64encode(nonce + body).decode()


def decrypt(
    session: Session,
    participant: Participant,
    keys: KeyRing,
    sealed: str,
    *,
    kind: str = _CORRECTION,
) -> dict[str, str | int | float | bool | None]:
    """Return the values that `encrypt` was given for an event of this person and ``kind``.

    Raises
    ------
    NotFoundError
        If this person's values were erased.
    InvalidInputError
        If ``sealed`` was encrypted for another person or kind, or was changed.
    """
    own = _own_key(session, participant, keys)
    if own is None:
        raise NotFoundError(
            f"The personal values of {participant.public_id} were erased.",
            "The trail still proves that the event happened, and when.",
        )
    try:
        raw = base64.b64decode(sealed, validate=True)
        nonce, body = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        plain = AESGCM(own).decrypt(nonce, body, _context(participant, kind))
    except (InvalidTag, ValueError):
        raise InvalidInputError(
            f"These are no personal values of {participant.public_id} in an event {kind}.",
            "Verify the trail: `longwave audit verify`.",
        ) from None
    values: dict[str, str | int | float | bool | None] = json.loads(plain)
    return values


def forget(session: Session, participant: Participant) -> None:
    """Delete a person's key: what was encrypted under it can be read by nobody any more."""
    personal.delete_key(session, key(participant))


def _own_key(session: Session, participant: Participant, keys: KeyRing) -> bytes | None:
    sealed = personal.key_of(session, key(participant))
    if sealed is None:
        return None
    return keys.decrypt(Purpose.PERSONAL, sealed, participant.public_id)


def _new_key(session: Session, participant: Participant, keys: KeyRing) -> bytes:
    made = os.urandom(_KEY_BYTES)
    sealed = keys.encrypt(Purpose.PERSONAL, made, participant.public_id)
    personal.store_key(session, key(participant), sealed)
    return made


def _context(participant: Participant, kind: str) -> bytes:
    return f"{participant.public_id} {kind}".encode()
