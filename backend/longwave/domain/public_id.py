"""Public study ids: short, easy to read out, and safe against a mistyped character."""

from __future__ import annotations

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Digits and capitals without 0, 1, I and O."""

BODY_LENGTH = 6
SPACE = len(ALPHABET) ** BODY_LENGTH


def public_id(number: int) -> str:
    """Return the public id of ``number``, in [0, SPACE), with its check character at the end."""
    characters = []
    for _ in range(BODY_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    body = "".join(characters)
    return body + check_character(body)


def check_character(body: str) -> str:
    """Return the Luhn mod N character (ISO/IEC 7812-1, annex B, for this alphabet)."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += sum(divmod(value, len(ALPHABET)))
    return ALPHABET[-total % len(ALPHABET)]


def is_public_id(text: str) -> bool:
    """Whether ``text`` is a well-formed public id, its check character included."""
    return (
        len(text) == BODY_LENGTH + 1
        and all(character in ALPHABET for character in text)
        and check_character(text[:-1]) == text[-1]
    )
