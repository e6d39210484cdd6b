"""How many parts an SMS is sent, and paid, in.

The default alphabet and its extension table are those of 3GPP TS 23.038 (formerly GSM 03.38), the
lengths of parts those of 3GPP TS 23.040: a message that does not fit into one part gives seven
septets, or three code units, of each part to the header that joins them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_BEYOND_ONE_UNIT = 0xFFFF


@dataclass(frozen=True, slots=True)
class SmsParts:
    """The ``encoding`` (GSM-7 or UCS-2) of a text, its length in ``units`` of it, and its parts.

    A unit is a septet of GSM-7 or a code unit of 16 bits.
    """

    encoding: str
    units: int
    parts: int


def sms_parts(text: str) -> SmsParts:
    """Count the parts of a text.

    One letter beyond the alphabet makes the whole text UCS-2. What takes two units, such as the
    sign of the euro or an emoji, is never divided between two parts.
    """
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        sizes = [2 if letter in _EXTENDED else 1 for letter in text]
        return SmsParts("GSM-7", sum(sizes), _parts(sizes, alone=160, joined=153))
    sizes = [2 if ord(letter) > _BEYOND_ONE_UNIT else 1 for letter in text]
    return SmsParts("UCS-2", sum(sizes), _parts(sizes, alone=70, joined=67))


def _parts(sizes: Iterable[int], *, alone: int, joined: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= alone:
        return 1
    parts, room = 1, joined
    for size in sizes:
        if size > room:
            parts, room = parts + 1, joined
        room -= size
    return parts
