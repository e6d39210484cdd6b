"""Parts of a file, as players of sound ask for them (RFC 9110, section 14)."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


class UnsatisfiableRangeError(Exception):
    """A part was asked for that the file does not have."""


def part_of(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte of a part and the byte after its last; None for the whole file.

    Several parts at once, or what is no range, are answered with the whole.

    Raises
    ------
    UnsatisfiableRangeError
        If the part begins behind the end of the file.
    """
    found = _RANGE.fullmatch((header or "").replace(" ", ""))
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start = int(first)
        stop = min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size or stop <= start:
        raise UnsatisfiableRangeError
    return start, stop
