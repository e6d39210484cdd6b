"""The audit trail: one event for each thing that happened, sealed in blocks, and verified."""

from longwave.services.audit.answers import (
    answers_digest,
    dose_digest,
    rule_digest,
    salted_answers,
    salted_rule,
)
from longwave.services.audit.chain import Head
from longwave.services.audit.events import begin, note, note_all, record
from longwave.services.audit.report import Finding, TrailReport
from longwave.services.audit.sealing import GENESIS, has_unsealed, head, horizon, last_head, seal
from longwave.services.audit.verification import verify

__all__ = [
    "GENESIS",
    "Finding",
    "Head",
    "TrailReport",
    "answers_digest",
    "begin",
    "dose_digest",
    "has_unsealed",
    "head",
    "horizon",
    "last_head",
    "note",
    "note_all",
    "record",
    "rule_digest",
    "salted_answers",
    "salted_rule",
    "seal",
    "verify",
]
