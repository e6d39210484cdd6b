"""ISO 8601 durations in calendar units and exact time, as protocols use them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_PATTERN = re.compile(
    r"P(?=\d|T)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?"
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of months, days and minutes; added to a wall-clock time, never to an instant."""

    months: int = 0
    days: int = 0
    minutes: int = 0

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read an ISO 8601 duration such as ``P4W``, ``P6M`` or ``P1DT12H``.

        Raises
        ------
        ValueError
            If the text is not such a duration.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not an ISO 8601 duration. Write for instance P14D, P4W or P6M."
            )
        part = {name: int(value or 0) for name, value in match.groupdict().items()}
        return cls(
            months=12 * part["years"] + part["months"],
            days=7 * part["weeks"] + part["days"],
            minutes=60 * part["hours"] + part["minutes"],
        )

    def __str__(self) -> str:
        """Return the span as an ISO 8601 duration; whole weeks as weeks."""
        years, months = divmod(self.months, 12)
        hours, minutes = divmod(self.minutes, 60)
        weeks, days = divmod(self.days, 7) if self.days % 7 == 0 else (0, self.days)
        date = _units({"Y": years, "M": months, "W": weeks, "D": days})
        time = _units({"H": hours, "M": minutes})
        return f"P{date}T{time}" if time else f"P{date or '0D'}"

    def after(self, wall: datetime) -> datetime:
        """Return the wall-clock time this span after ``wall``; a month's end stays in its month."""
        months = wall.year * 12 + wall.month - 1 + self.months
        year, month = divmod(months, 12)
        day = min(wall.day, monthrange(year, month + 1)[1])
        moved = wall.replace(year=year, month=month + 1, day=day)
        return moved + timedelta(days=self.days, minutes=self.minutes)

    def before(self, wall: datetime) -> datetime:
        """Return the wall-clock time this span before ``wall``."""
        months = wall.year * 12 + wall.month - 1 - self.months
        year, month = divmod(months, 12)
        day = min(wall.day, monthrange(year, month + 1)[1])
        moved = wall.replace(year=year, month=month + 1, day=day)
        return moved - timedelta(days=self.days, minutes=self.minutes)

    def nominal_days(self) -> float:
        """Return the length in days, a month counted as 30.44 days; for ordering plans only."""
        return self.months * 30.44 + self.days + self.minutes / 1440

    def times(self, factor: int) -> Duration:
        """Return this span ``factor`` times over."""
        return Duration(self.months * factor, self.days * factor, self.minutes * factor)

    def shortest_days(self) -> float:
        """Return the fewest days that this span can have, wherever on the calendar it begins."""
        return self._days(min)

    def longest_days(self) -> float:
        """Return the most days that this span can have, wherever on the calendar it begins."""
        return self._days(max)

    def _days(self, choose: Callable[[Iterable[int]], int]) -> float:
        spans = (
            _FIRSTS[place + self.months].toordinal() - _FIRSTS[place].toordinal()
            for place in range(_STARTS)
        )
        return choose(spans) + self.days + self.minutes / 1440


_STARTS = 48
_FIRSTS = [date(2001 + month // 12, month % 12 + 1, 1) for month in range(_STARTS + 12 * 201)]
"""First days of months: spans begin in the first four years, and last up to two centuries."""


def _units(amounts: Mapping[str, int]) -> str:
    return "".join(f"{amount}{unit}" for unit, amount in amounts.items() if amount)
