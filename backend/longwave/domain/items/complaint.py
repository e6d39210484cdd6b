"""What is wrong with an answer, in words that can be said in any language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date


class Complaint(str):
    """A sentence to the participant: English, and `said` in other words.

    ``values`` fill the places of ``template``, which is what catalogues translate.
    """

    template: str
    values: dict[str, str | date]

    def __new__(cls, template: str, **values: str | date) -> Complaint:
        """Make the sentence."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made

    def said(self, say: Callable[[str], str], day: Callable[[date], str] = str) -> str:
        """Return the sentence as ``say`` translates it, with days as ``day`` writes them."""
        filled = {
            name: day(value) if isinstance(value, date) else value
            for name, value in self.values.items()
        }
        return say(self.template).format(**filled)


class AnswerError(ValueError):
    """This is no answer to the question; ``complaint`` tells the participant why."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint
