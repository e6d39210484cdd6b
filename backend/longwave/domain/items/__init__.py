"""Answers: whether something typed or chosen is one, and how it is stored.

What a form sends for an item is one text, and so is what is stored:

==============  ===================================================  ====================
kind            sent                                                 stored
==============  ===================================================  ====================
likert, choice  the option's value                                   the same
choices         values separated by spaces (`together` joins them)   in the options' order
number, slider  digits, with a point or a comma                      with a point: ``7.5``
text            the text                                             without outer spaces
date            ``2026-03-31``                                       the same
time            ``09:30``                                            the same
consent         ``1`` for a ticked statement                         the same
information     nothing                                              nothing
==============  ===================================================  ====================

Nothing, or `REFUSED`, says that there is no answer.
"""

from longwave.domain.items.complaint import AnswerError, Complaint
from longwave.domain.items.values import (
    AGREED,
    LONGEST_OTHER,
    REFUSED,
    check_other,
    check_value,
    chosen,
    other_field,
    together,
    without_value,
    written,
)

__all__ = [
    "AGREED",
    "LONGEST_OTHER",
    "REFUSED",
    "AnswerError",
    "Complaint",
    "check_other",
    "check_value",
    "chosen",
    "other_field",
    "together",
    "without_value",
    "written",
]
