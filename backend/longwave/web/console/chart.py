"""Enrolment against target as the points of a drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 520, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 510, 24, 190


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates in a box of 520 by 220.

    ``lines`` are the rules with their labels, ``months`` the labels below; ``target_y`` is
    the height of the target.
    """

    points: str
    end: tuple[float, float]
    enrolled: int
    lines: tuple[tuple[float, int], ...]
    months: tuple[tuple[float, date], ...]
    target_y: float


def enrolment_chart(by_month: tuple[tuple[date, int], ...], target: int) -> Chart | None:
    """Return the drawing of cumulative enrolment, or None before anybody has enrolled.

    Each point stands at the end of its month; the line begins at zero where the first begins.
    """
    if not by_month:
        return None
    first = _number(by_month[0][0])
    count = _number(by_month[-1][0]) - first + 1
    step = _step(max(target, by_month[-1][1]))
    top = step * math.ceil(max(target, by_month[-1][1]) / step)

    def x(months: int) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * months / count, 1)

    def y(persons: int) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * persons / top, 1)

    points = [(x(0), y(0))]
    points += [(x(_number(month) - first + 1), y(total)) for month, total in by_month]
    every = math.ceil(count / 6)
    return Chart(
        points=" ".join(f"{across},{down}" for across, down in points),
        end=points[-1],
        enrolled=by_month[-1][1],
        lines=tuple((y(value), value) for value in range(0, top + 1, step)),
        months=tuple((x(index), _month(first + index)) for index in range(0, count, every)),
        target_y=y(target),
    )


def _step(most: int) -> int:
    """Return a round distance between rules, so that there are three to five."""
    rough = max(most, 1) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    return next(int(factor * power) for factor in (1, 2, 5, 10) if factor * power >= rough)


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
