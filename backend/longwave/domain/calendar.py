"""Calendar files (iCalendar, RFC 5545) that tell when something can be done, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

CONTENT_TYPE = "text/calendar"
_LONGEST_LINE = 75
"""In octets, without the line's end (RFC 5545, section 3.1)."""

_ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n", "\r": None})


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. Another file with the same ``uid`` takes its place in the reader's calendar."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    title: str
    notes: str = ""


def calendar_file(events: Iterable[Event], *, now: datetime) -> bytes:
    """Return a calendar of some events; they are private, and leave their reader free."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Longwave//EN", "METHOD:PUBLISH"]
    for event in events:
        lines += _lines(event, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line)).encode()


def _lines(event: Event, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"DTSTART:{_utc(event.starts_at)}"
    yield f"DTEND:{_utc(event.ends_at)}"
    yield f"SUMMARY:{_text(event.title)}"
    if event.notes:
        yield f"DESCRIPTION:{_text(event.notes)}"
    yield "CLASS:PRIVATE"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return _CONTROL.sub("", value.translate(_ESCAPED))


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most 75 octets, none of which divides a character."""
    part, size = "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part += letter
        size += octets
    yield part
