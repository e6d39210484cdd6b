"""The parts of an SMS, by the two alphabets and the lengths of the standard."""

from __future__ import annotations

import pytest

from longwave.domain.sms import SmsParts, sms_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SmsParts("GSM-7", 0, 1)),
        ("a" * 160, SmsParts("GSM-7", 160, 1)),
        ("a" * 161, SmsParts("GSM-7", 161, 2)),
        ("a" * 306, SmsParts("GSM-7", 306, 2)),
        ("a" * 307, SmsParts("GSM-7", 307, 3)),
        ("€" * 80, SmsParts("GSM-7", 160, 1)),
        ("€" * 81, SmsParts("GSM-7", 162, 2)),
        # 153 is odd: the last septet of each part stays empty.
        ("€" * 152, SmsParts("GSM-7", 304, 2)),
        ("€" * 153, SmsParts("GSM-7", 306, 3)),
        ("a" + "€" * 152, SmsParts("GSM-7", 305, 2)),
        ("ş" * 70, SmsParts("UCS-2", 70, 1)),
        ("ş" * 71, SmsParts("UCS-2", 71, 2)),
        ("ş" * 134, SmsParts("UCS-2", 134, 2)),
        ("ş" * 135, SmsParts("UCS-2", 135, 3)),
        ("🙂" * 35, SmsParts("UCS-2", 70, 1)),
        ("🙂" * 36, SmsParts("UCS-2", 72, 2)),
        ("🙂" * 66, SmsParts("UCS-2", 132, 2)),
        ("🙂" * 67, SmsParts("UCS-2", 134, 3)),
        ("a" * 69 + "ş", SmsParts("UCS-2", 70, 1)),
        ("ÇÖÜçöüñ", None),
    ],
)
def test_a_text_is_counted_by_the_standard(text, expected):
    if expected is None:  # ç is in no table of the standard, Ç is
        assert sms_parts(text).encoding == "UCS-2"
        assert sms_parts(text.replace("ç", "Ç")).encoding == "GSM-7"
    else:
        assert sms_parts(text) == expected


def test_links_and_line_breaks_stay_in_the_default_alphabet():
    assert sms_parts("Hi:\nhttps://study.example/l/aB-9_z?x=1#y").encoding == "GSM-7"
    for dear in "^{}\\[~]|€\f":
        assert sms_parts(dear) == SmsParts("GSM-7", 2, 1)


def test_the_default_alphabet_has_128_places_of_which_one_leads_to_the_extension():
    letters = [chr(point) for point in range(0x2FFF)]
    found = [sms_parts(letter) for letter in letters]
    assert sum(part == SmsParts("GSM-7", 1, 1) for part in found) == 127
    assert sum(part == SmsParts("GSM-7", 2, 1) for part in found) == 10
