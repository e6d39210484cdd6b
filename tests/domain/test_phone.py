"""Telephone numbers as people type them."""

from __future__ import annotations

import pytest

from longwave.domain.phone import normal_phone


@pytest.mark.parametrize(
    "typed",
    ["+905551234567", "+90 555 123 45 67", "0090 (555) 123-45-67", "\u202a+90\u00a0555.123.45.67"],
)
def test_a_number_is_brought_into_one_form(typed):
    assert normal_phone(typed) == "+905551234567"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0555 123 45 67",
        "+0 555",
        "+90",
        "+1234567890123456",
        "+90 555 CALL ME",
        "+٩٠٥٥٥١٢٣٤٥٦٧",
    ],
)
def test_what_is_no_number_with_its_country_is_refused(typed):
    with pytest.raises(ValueError, match="country"):
        normal_phone(typed)
