"""The audit trail: one event for each thing that happened, sealed in blocks, and verified."""

from longwave.services.audit.answers import answers_digest, salted_answers
from longwave.services.audit.events import note, record
from longwave.services.audit.sealing import GENESIS, has_unsealed, head, horizon, seal

__all__ = [
    "GENESIS",
    "answers_digest",
    "has_unsealed",
    "head",
    "horizon",
    "note",
    "record",
    "salted_answers",
    "seal",
]
