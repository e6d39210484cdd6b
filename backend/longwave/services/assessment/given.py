"""What somebody entered for one item, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longwave.domain.errors import RefusedTransitionError
from longwave.domain.instrument import Item
from longwave.domain.items import (
    REFUSED,
    AnswerError,
    Complaint,
    check_other,
    check_value,
    written,
)
from longwave.storage.assessment import GivenAnswer

SKIPPED = "skipped"
_REFUSED_REASON = "refused"
_A_DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Given:
    """What a page sent for one item.

    Attributes
    ----------
    value
        As `longwave.domain.items` describes it; nothing, or `REFUSED`, for no answer.
    other
        What was written beside the item's option ``other``.
    milliseconds
        For how long the item was in sight, as the browser says. It is not to be trusted, and
        decides nothing: beyond a day, or below nothing, it counts as unknown.
    """

    value: str
    other: str = ""
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An answer as it stands, saved elsewhere meanwhile, and the other one that was offered.

    Whoever decides for ``offered`` sends it again with ``stored.revision``.
    """

    stored: GivenAnswer
    offered: GivenAnswer


class AnswersChangedError(RefusedTransitionError):
    """Answers were changed in another tab or device since they were shown; nothing was saved.

    ``conflicts`` holds what stands and what was offered, by item.
    """

    def __init__(self, conflicts: Mapping[str, Conflict]) -> None:
        super().__init__(
            "You changed this answer in another tab or on another device.",
            "Please choose which of the two answers holds.",
        )
        self.conflicts = dict(conflicts)


def read_given(item: Item, given: Given) -> GivenAnswer:
    """Return what is to be stored.

    Raises
    ------
    AnswerError
        Saying, to the participant, what would be an answer.
    """
    value = given.value.strip()
    if value == REFUSED and not item.refusable and not item.required:
        value = ""
    if value in ("", REFUSED):
        if item.required:
            raise AnswerError(Complaint("Please answer this question."))
        return GivenAnswer(None, _REFUSED_REASON if value else SKIPPED)
    checked = check_value(item, value)
    other = check_other(item, checked, given.other)
    return GivenAnswer(written(checked), None, other, _plausible(given.milliseconds))


def conflict_of(
    stored: GivenAnswer | None, offered: GivenAnswer, revision: int | None
) -> Conflict | None:
    """Return the conflict between a stored answer and one offered; None if there is none.

    There is none without a ``revision``, if the stored one was there by then, if both say the
    same, or if the stored one says no more than that the item was passed over.
    """
    if stored is None or revision is None or stored.revision <= revision:
        return None
    if stored.says_as(offered) or stored.missing_reason == SKIPPED:
        return None
    return Conflict(stored, offered)


def _plausible(milliseconds: int | None) -> int | None:
    return milliseconds if milliseconds is not None and 0 <= milliseconds <= _A_DAY else None
