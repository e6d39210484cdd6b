"""A forest plot as inline SVG: estimates with their intervals, one row per effect and arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from longwave.report.models import CROSS_LAGGED

_WIDTH = 760
_LEFT = 300
_RIGHT = 20
_ROW = 18
_GAP = 10
_TOP = 34
_BOTTOM = 34
_MARKS = 6


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from values to pixels."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def marks(self) -> list[float]:
        """Return round values to mark, 0 among them."""
        step = _round_step((self.high - self.low) / _MARKS)
        first = math.ceil(self.low / step)
        return [round(k * step, 10) for k in range(first, math.floor(self.high / step) + 1)]


def forest(lagged: pd.DataFrame, groups: Sequence[str], title: str) -> str:
    """Draw the cross-lagged effects of one model.

    Parameters
    ----------
    lagged
        As `longwave.report.lagged_effects` returns it.
    groups
        The arms, or none.
    title
        What the picture shows; read out to those who cannot see it.
    """
    effects = lagged[lagged["kind"] == CROSS_LAGGED]
    effects = effects.sort_values(["predictor", "outcome"], kind="stable")
    if effects.empty:
        return ""
    axis = _axis(effects)
    arms = [str(group) for group in groups] or [""]
    keys = ["predictor", "outcome", "from_wave", "to_wave"]
    parts: list[str] = []
    y = _TOP
    for key, rows in effects.groupby(keys, sort=False):
        predictor, outcome, from_wave, to_wave = key
        label = f"{predictor} {from_wave} → {outcome} {to_wave}"
        middle = y + _ROW * len(rows) / 2
        parts.append(_text(_LEFT - 12, middle + 4, label, anchor="end"))
        for _, row in rows.iterrows():
            y += _ROW
            parts.append(_interval(axis, row, y - _ROW / 2, _arm_number(arms, row["group"])))
        y += _GAP
    height = y + _BOTTOM
    return "".join(
        [
            f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" class="forest">',
            f"<title>{escape(title)}</title>",
            *_grid(axis, y),
            *_legend(arms),
            *parts,
            "</svg>",
        ]
    )


def _axis(effects: pd.DataFrame) -> Axis:
    low = min(0.0, float(effects["ci_lower"].min()))
    high = max(0.0, float(effects["ci_upper"].max()))
    margin = 0.05 * (high - low) or 0.1
    return Axis(low - margin, high + margin)


def _round_step(span: float) -> float:
    power = 10.0 ** math.floor(math.log10(span))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= span)


def _arm_number(arms: Sequence[str], group: object) -> int:
    return arms.index(str(group)) if str(group) in arms else 0


def _interval(axis: Axis, row: pd.Series, y: float, arm: int) -> str:
    low, high, at = (axis.at(float(row[name])) for name in ("ci_lower", "ci_upper", "est"))
    line = f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
    return f'<g class="arm{arm % 3}">{line}{_marker(at, y, arm)}</g>'


def _marker(x: float, y: float, arm: int) -> str:
    """Draw an estimate: arms differ in shape too, not in colour alone."""
    if arm % 3 == 0:
        return f'<circle cx="{x}" cy="{y}" r="4"/>'
    if arm % 3 == 1:
        return f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8"/>'
    return f'<path d="M{x} {y - 5} l5 9 h-10 z"/>'


def _grid(axis: Axis, bottom: float) -> list[str]:
    lines = []
    for value in axis.marks():
        x = axis.at(value)
        kind = "zero" if value == 0 else "mark"
        lines.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{bottom}"/>')
        lines.append(_text(x, bottom + 18, f"{value:g}", anchor="middle"))
    return lines


def _legend(arms: Sequence[str]) -> list[str]:
    shown = []
    x = float(_LEFT)
    for number, arm in enumerate(arms):
        if arm:
            shown.append(f'<g class="arm{number % 3}">{_marker(x + 4, 12, number)}</g>')
            shown.append(_text(x + 14, 16, arm))
            x += 40 + 8 * len(arm)
    return shown


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
