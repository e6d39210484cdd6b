"""Calendar files, read back by a reader written from RFC 5545."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.calendar import Event, calendar_file

NOW = datetime(2026, 2, 2, 8, tzinfo=UTC)
EVENT = Event("a@longwave", NOW, NOW + timedelta(days=14), "Questionnaire")


def properties(content: bytes) -> list[tuple[str, str]]:
    """Return names and values of a file, its lines unfolded and its texts as they were meant."""
    assert content.endswith(b"\r\n")
    lines = content.decode().removesuffix("\r\n").split("\r\n")
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = "\r\n".join(lines).replace("\r\n ", "").split("\r\n")
    assert all(re.fullmatch(r"[A-Z-]+:.*", line, flags=re.DOTALL) for line in unfolded)
    pairs = [line.split(":", 1) for line in unfolded]
    return [(name, re.sub(r"\\(.)", _meant, value)) for name, value in pairs]


def _meant(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]


def test_a_calendar_holds_its_events_in_utc() -> None:
    istanbul = timezone(timedelta(hours=3))
    moved = Event("b@longwave", NOW.astimezone(istanbul), EVENT.ends_at, "Anket", "Not")
    assert properties(calendar_file([EVENT, moved], now=NOW)) == [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//Longwave//EN"),
        ("METHOD", "PUBLISH"),
        ("BEGIN", "VEVENT"),
        ("UID", "a@longwave"),
        ("DTSTAMP", "20260202T080000Z"),
        ("DTSTART", "20260202T080000Z"),
        ("DTEND", "20260216T080000Z"),
        ("SUMMARY", "Questionnaire"),
        ("CLASS", "PRIVATE"),
        ("TRANSP", "TRANSPARENT"),
        ("END", "VEVENT"),
        ("BEGIN", "VEVENT"),
        ("UID", "b@longwave"),
        ("DTSTAMP", "20260202T080000Z"),
        ("DTSTART", "20260202T080000Z"),
        ("DTEND", "20260216T080000Z"),
        ("SUMMARY", "Anket"),
        ("DESCRIPTION", "Not"),
        ("CLASS", "PRIVATE"),
        ("TRANSP", "TRANSPARENT"),
        ("END", "VEVENT"),
        ("END", "VCALENDAR"),
    ]


# Without control characters, which a calendar cannot hold and which are left out.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"))


@given(title=TEXTS, notes=TEXTS)
def test_any_text_is_folded_and_escaped_so_that_it_can_be_read_back(title, notes) -> None:
    event = Event("a@longwave", EVENT.starts_at, EVENT.ends_at, title, notes)
    found = dict(properties(calendar_file([event], now=NOW)))
    assert found["SUMMARY"] == title
    assert found.get("DESCRIPTION", "") == notes


def test_control_characters_are_left_out() -> None:
    event = Event("a@longwave", EVENT.starts_at, EVENT.ends_at, "a\r\nBEGIN:VALARM\x00\x07b")
    found = properties(calendar_file([event], now=NOW))
    assert ("SUMMARY", "a\nBEGIN:VALARMb") in found
    assert ("BEGIN", "VALARM") not in found


def test_a_calendar_may_be_empty() -> None:
    assert len(properties(calendar_file([], now=NOW))) == 5
