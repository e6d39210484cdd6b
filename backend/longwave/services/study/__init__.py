"""Studies: added from a protocol's files, approved, opened, amended, closed, locked, archived."""

from longwave.services.study.amending import amend_study
from longwave.services.study.closing import archive_study, close_enrolment, lock_study
from longwave.services.study.opening import Entropy, add_study, approve_study, open_study
from longwave.services.study.reading import (
    current_protocol,
    current_version,
    get_open_study,
    get_study,
    list_studies,
    protocol_of,
    sealed_settings,
)

__all__ = [
    "Entropy",
    "add_study",
    "amend_study",
    "approve_study",
    "archive_study",
    "close_enrolment",
    "current_protocol",
    "current_version",
    "get_open_study",
    "get_study",
    "list_studies",
    "lock_study",
    "open_study",
    "protocol_of",
    "sealed_settings",
]
