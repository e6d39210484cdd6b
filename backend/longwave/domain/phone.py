"""Telephone numbers as every gateway takes them."""

from __future__ import annotations

import re

_DECORATION = re.compile(r"[\s().\-/\u00a0\u202a-\u202e\u2066-\u2069]+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def normal_phone(text: str) -> str:
    """Return a number in the form of E.164: ``+``, the country's code, and the rest.

    Raises
    ------
    ValueError
        If this is no such number; the message is for whoever typed it.
    """
    bare = _DECORATION.sub("", text)
    number = f"+{bare[2:]}" if bare.startswith("00") else bare
    if not _NUMBER.fullmatch(number):
        raise ValueError("Please type a number with its country's code, such as +90 555 123 45 67.")
    return number
