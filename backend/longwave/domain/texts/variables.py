"""The variables that texts of messages may name; ``docs/protocols.md`` describes each."""

from __future__ import annotations

LINK = "link"
"""The variable without which a message leads nowhere."""

IN_REMINDERS = frozenset({"reminder_number"})
ONLY_IN_BODIES = frozenset({"name"})
"""A locked screen shows subjects and SMS to whoever is near."""

NOT_IN_SUBJECTS = ONLY_IN_BODIES | {LINK, "study_contact"}

VARIABLES: tuple[str, ...] = (
    LINK,
    "name",
    "opens_at",
    "closes_at",
    "closes_on",
    "minutes",
    "occurrence",
    "occurrences",
    "reminder_number",
    "study_contact",
)
