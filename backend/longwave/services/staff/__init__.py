"""Staff: what they were granted, the tokens they sign in with, and who somebody is in a study."""

from longwave.services.staff.identity import (
    Who,
    authenticate,
    studies_for,
    study_for,
    viewer_everywhere,
    viewer_in,
    who_is,
)
from longwave.services.staff.members import (
    TOKEN_LIFE,
    Member,
    add_staff,
    find_staff,
    grant_role,
    is_staff,
    issue_token,
    list_staff,
    remove_staff,
    revoke_tokens,
)

__all__ = [
    "TOKEN_LIFE",
    "Member",
    "Who",
    "add_staff",
    "authenticate",
    "find_staff",
    "grant_role",
    "is_staff",
    "issue_token",
    "list_staff",
    "remove_staff",
    "revoke_tokens",
    "studies_for",
    "study_for",
    "viewer_everywhere",
    "viewer_in",
    "who_is",
]
