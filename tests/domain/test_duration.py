"""Durations: read, written, added to the participant's own calendar."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration


@pytest.mark.parametrize(
    ("text", "months", "days", "minutes"),
    [
        ("P0D", 0, 0, 0),
        ("P14D", 0, 14, 0),
        ("P4W", 0, 28, 0),
        ("P6M", 6, 0, 0),
        ("P1Y2M3W4D", 14, 25, 0),
        ("PT12H30M", 0, 0, 750),
        ("P1DT1M", 0, 1, 1),
    ],
)
def test_iso_8601_is_read(text: str, months: int, days: int, minutes: int) -> None:
    assert Duration.parse(text) == Duration(months, days, minutes)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "14D", "P-3D", "P1.5D", "P1H", "P1D ", "p1d", "P1S"]
)
def test_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Write for instance P14D"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2024-01-31T09:00", "P1M", "2024-02-29T09:00"),
        ("2023-12-31T09:00", "P2M", "2024-02-29T09:00"),
        ("2024-02-29T09:00", "P1Y", "2025-02-28T09:00"),
        ("2024-03-30T23:30", "PT1H", "2024-03-31T00:30"),
        ("2024-12-25T09:00", "P2W", "2025-01-08T09:00"),
    ],
)
def test_it_is_added_on_the_calendar(start: str, text: str, end: str) -> None:
    moment = datetime.fromisoformat(start)
    assert Duration.parse(text).after(moment) == datetime.fromisoformat(end)


def test_it_is_taken_away_on_the_calendar() -> None:
    before = Duration.parse("P1M1D").before(datetime(2024, 3, 31, 9, 0))
    assert before == datetime(2024, 2, 28, 9, 0)


@pytest.mark.parametrize(("text", "days"), [("P4W", 28), ("PT12H", 0.5), ("P10M", 304.4)])
def test_its_nominal_length(text: str, days: float) -> None:
    assert Duration.parse(text).nominal_days() == pytest.approx(days)


@pytest.mark.parametrize("text", ["P0D", "P4W", "P10D", "P1Y6M", "PT12H30M", "P3DT1H"])
def test_it_is_written_as_it_is_read(text: str) -> None:
    assert str(Duration.parse(text)) == text


@given(st.integers(0, 400), st.integers(0, 4000), st.integers(0, 5000))
def test_what_is_written_is_read_as_the_same(months: int, days: int, minutes: int) -> None:
    duration = Duration(months, days, minutes)
    assert Duration.parse(str(duration)) == duration
