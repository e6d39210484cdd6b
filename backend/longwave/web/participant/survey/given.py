"""What a page of questions sends: answers, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Item
from longwave.domain.items import REFUSED, other_field, together
from longwave.services.assessment import Given
from longwave.web.forms import Form
from longwave.web.participant.survey.stops import Stop

REVISION = "form__revision"
SHEET = "form__sheet"
HERE, THERE = "here", "there"
_OURS = ("go", REVISION, SHEET)


@dataclass(frozen=True, slots=True)
class SentPage:
    """A page as it came.

    Attributes
    ----------
    answers
        By item; blank where nothing was chosen or typed.
    insisted
        Those that count although other ones were saved meanwhile: somebody chose.
    shown
        The items that the page left to answer.
    revision
        That of the assessment at which the page was made; None if the page does not say.
    """

    answers: dict[str, Given]
    insisted: dict[str, Given]
    shown: frozenset[str]
    revision: int | None


def choice_field(item: str) -> str:
    """Return the name of the field that says which of two answers counts."""
    return f"{item}__counts"


def read_page(form: Form, page: Stop) -> SentPage:
    """Read the answers to the items of a page.

    Raises
    ------
    InvalidInputError
        If something was sent that belongs to no item of the page.
    """
    asked = [item for item in page.all_items if item.is_asked]
    _require_known(form, asked)
    shown = {item.id for item in page.asked}
    answers: dict[str, Given] = {}
    insisted: dict[str, Given] = {}
    for item in asked:
        chosen = form.get(choice_field(item.id))
        if chosen == THERE:
            shown.discard(item.id)
        elif item.id in shown or form.get(item.id):
            given = Given(_value(form, item, item.id), form.get(other_field(item.id)))
            (insisted if chosen == HERE else answers)[item.id] = given
    return SentPage(answers, insisted, frozenset(shown), whole_number(form.get(REVISION)))


def read_one(form: Form, item: Item) -> Given:
    """Read a single answer as a script sends it."""
    return Given(
        _value(form, item, "value"), form.get("other"), whole_number(form.get("milliseconds"))
    )


def entered(form: Form, page: Stop) -> dict[str, str]:
    """Return what was entered, by field, to be shown again."""
    fields: dict[str, str] = {}
    for item in page.asked:
        fields[item.id] = " ".join(form.all(item.id))
        fields[other_field(item.id)] = form.get(other_field(item.id))
    return fields


def whole_number(text: str) -> int | None:
    """Return a whole number that is not negative, or None where none was sent."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _require_known(form: Form, asked: Iterable[Item]) -> None:
    known = set(_OURS)
    for item in asked:
        known |= {item.id, other_field(item.id), choice_field(item.id)}
    unknown = sorted(form.names() - known)
    if unknown:
        raise InvalidInputError(
            f"{', '.join(unknown[:3])[:200]}: not a question of this page.", "Load the page again."
        )


def _value(form: Form, item: Item, name: str) -> str:
    """Return what was chosen or typed; a refusal counts whatever stands beside it."""
    sent = form.all(name)
    if not sent or REFUSED in sent:
        return REFUSED if sent else ""
    return together(sent) if item.kind == "choices" else sent[-1]
