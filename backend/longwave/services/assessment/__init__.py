"""One assessment: found by its link, answered page by page or item by item, submitted.

What pages use: `load` gives the `Questionnaire`, which knows what is shown, in which order and
words; `answers_of` the answers so far. `save_item` saves one answer as it is given, `save_page` a
page. Both take the ``revision`` at which the answers were shown (``assessment.revision`` when the
page was made, and what `save_item` returned for an item that the page saved itself): if one of
them was changed elsewhere since, they raise `AnswersChangedError` with both answers and save
nothing. `submit` completes the assessment.
"""

from longwave.domain.items import REFUSED
from longwave.services.assessment.answering import save_item, save_page, save_pages
from longwave.services.assessment.finding import (
    answers_of,
    begin,
    follow_link,
    load,
    look_behind,
    questionnaire,
)
from longwave.services.assessment.given import AnswersChangedError, Conflict, Given
from longwave.services.assessment.questionnaire import Answers, Questionnaire
from longwave.services.assessment.submitting import submit
from longwave.services.assessment.together import Offered, Outcome, save_alone, save_together

__all__ = [
    "REFUSED",
    "Answers",
    "AnswersChangedError",
    "Conflict",
    "Given",
    "Offered",
    "Outcome",
    "Questionnaire",
    "answers_of",
    "begin",
    "follow_link",
    "load",
    "look_behind",
    "questionnaire",
    "save_alone",
    "save_item",
    "save_page",
    "save_pages",
    "save_together",
    "submit",
]
