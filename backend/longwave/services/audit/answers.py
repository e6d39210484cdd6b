"""What the trail holds of answers: a digest that proves them and tells nothing about them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping

from sqlmodel import Session

from longwave.storage import assessment as assessments
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment
from longwave.storage.tables.base import key

_SALT_BYTES = 32


def answers_digest(salt: bytes, answers: Mapping[tuple[str, str], GivenAnswer]) -> str:
    """Return the SHA-256 of answers in their canonical form, as 64 hexadecimal digits.

    Parameters
    ----------
    salt
        Random bytes that stand beside the answers. Without them nobody can try out answers
        until one gives the digest, so that erasing salt and answers erases.
    answers
        The value or the reason by (instrument, item), in any order. What was written beside an
        option stands behind them, where something was.
    """
    lines = sorted(
        (
            (*place, answer.value, answer.missing_reason)
            + (() if answer.other is None else (answer.other,))
        )
        for place, answer in answers.items()
    )
    return hashlib.sha256(salt + json.dumps(lines).encode()).hexdigest()


def dose_digest(salt: bytes, attended: bool, minutes: float | None) -> str:
    """Return the SHA-256 of whether a dose was taken and how long it took, to a tenth."""
    taken = None if minutes is None else f"{minutes:.1f}"
    return hashlib.sha256(salt + json.dumps([attended, taken]).encode()).hexdigest()


def rule_digest(salt: bytes, rule: str) -> str:
    """Return the SHA-256 of the safety rule that answers set off, as 64 hexadecimal digits.

    The rule alone would tell what was answered.
    """
    return hashlib.sha256(salt + rule.encode()).hexdigest()


def salted_answers(session: Session, assessment: Assessment) -> str:
    """Return the digest of an assessment's answers as they are now; its salt is made if needed.

    The event that ends an assessment carries it as ``answers``, and so does every correction.
    """
    salt = _salt(session, assessment)
    return answers_digest(salt, assessments.answers(session, key(assessment)))


def salted_rule(session: Session, assessment: Assessment, rule: str) -> str:
    """Return the digest of a safety rule that the answers of an assessment set off."""
    return rule_digest(_salt(session, assessment), rule)


def _salt(session: Session, assessment: Assessment) -> bytes:
    if assessment.salt is None:
        assessment.salt = secrets.token_bytes(_SALT_BYTES)
        session.flush()
    return assessment.salt
