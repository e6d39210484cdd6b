"""Figures of a rehearsal as SVG, the same bytes for the same report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from itertools import groupby
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from longwave.rehearsal.rehearse.reach import ALL, NO_ARM, Reach, Strip
from longwave.rehearsal.rehearse.report import Report

# Colours that are told apart by most eyes, and in print by their lightness (Okabe and Ito).
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666")
_HATCHES = ("", "//", "..", "xx", "--", "\\\\", "oo", "++")
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "longwave",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "hatch.linewidth": 0.5,
}
_WIDTH = 9.0
_ROW = 0.32


def figures(report: Report) -> dict[str, str]:
    """Return every figure by the name of its file."""
    with mpl.rc_context(_STYLE):
        return {
            "messages.svg": _messages(report),
            "windows.svg": _windows(report),
            "missingness.svg": _missingness(report),
        }


@contextmanager
def _drawing(height: float, title: str) -> Iterator[tuple[Axes, list[str]]]:
    """Give axes to draw on, and a list that holds the picture when the block has ended."""
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    told: list[str] = []
    yield axes, told
    buffer = StringIO()
    metadata: dict[str, Any] = {"Date": None, "Creator": "Longwave", "Title": title}
    figure.savefig(buffer, format="svg", metadata=metadata)
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    named = f'<svg role="img" aria-label="{escape(title)}" '
    told.append("\n".join(lines).replace("<svg ", named, 1) + "\n")


def _messages(report: Report) -> str:
    """Draw messages per day, stacked by kind."""
    days = report.messages.by_day
    kinds = list(report.messages.sent)
    with _drawing(3.2, f"{report.study}: messages per day") as (axes, told):
        counts = [[day.kinds.get(kind, 0) for day in days] for kind in kinds]
        if days:
            axes.stackplot(
                [day.day for day in days],  # type: ignore[arg-type]
                counts,
                step="mid",
                colors=_COLOURS,
                labels=[kind.replace("_", " ") for kind in kinds],
                linewidth=0.0,
            )
            axes.set_ylim(0, None)
        if kinds:
            axes.legend(frameon=False, ncols=len(kinds), loc="upper right")
        axes.set_ylabel("messages")
    return told[0]


def _windows(report: Report) -> str:
    """Draw one strip of windows for each arm: a row for each wave."""
    strips = report.strips
    arms = list(dict.fromkeys(strip.arm for strip in strips))
    rows = len(strips) + len(arms)
    with _drawing(1.1 + _ROW * max(rows, 1), f"{report.study}: windows by arm") as (axes, told):
        labels: list[tuple[float, str]] = []
        y = 0.0
        for arm, own in groupby(strips, key=lambda strip: strip.arm):
            labels.append((y, "" if arm == ALL else f"arm {arm}"))
            y += 1
            for strip in own:
                _strip(axes, strip, y)
                labels.append((y, strip.wave))
                y += 1
        axes.set_yticks([at for at, _ in labels], [text for _, text in labels])
        axes.set_ylim(max(y, 1) - 0.4, -0.6)
        axes.set_xlabel("study day (light: all windows; dark: the median of each)")
        axes.grid(axis="x", alpha=0.3)
    return told[0]


def _strip(axes: Axes, strip: Strip, y: float) -> None:
    axes.broken_barh(
        [(strip.first, max(strip.last - strip.first, 1))], (y - 0.35, 0.7),
        facecolors=_COLOURS[4], alpha=0.5,
    )  # fmt: skip
    spans = [(opens, max(closes - opens, 0.4)) for opens, closes in strip.windows]
    axes.broken_barh(spans, (y - 0.18, 0.36), facecolors=_COLOURS[0])


def _missingness(report: Report) -> str:
    """Draw which share of each wave is missing in each arm, by reason."""
    shown = [
        one for one in report.waves if one.arm != NO_ARM and (one.arm != ALL or not _arms(report))
    ]
    reasons = _reasons(shown)
    title = f"{report.study}: expected missingness"
    with _drawing(1.2 + _ROW * max(len(shown), 1), title) as (axes, told):
        left = np.zeros(len(shown))
        places = np.arange(len(shown))
        for number, reason in enumerate(reasons):
            widths = np.array([_share(one, reason) for one in shown])
            axes.barh(
                places,
                widths,
                left=left,
                height=0.7,
                color=_COLOURS[number % len(_COLOURS)],
                hatch=_HATCHES[number % len(_HATCHES)],
                edgecolor="white",
                label=reason.replace("_", " "),
            )
            left += widths
        axes.set_yticks(
            places, [f"{one.wave} {'' if one.arm == ALL else one.arm}" for one in shown]
        )
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(0, max(5.0, float(left.max(initial=0.0)) * 1.05))
        axes.set_xlabel("percent of the assessments that there should have been")
        if reasons:
            axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, -0.25))
    return told[0]


def _arms(report: Report) -> list[str]:
    return [] if report.balance is None else list(report.balance.arms)


def _reasons(shown: Sequence[Reach]) -> list[str]:
    found = {reason for one in shown for reason in one.gaps}
    return sorted(found)


def _share(one: Reach, reason: str) -> float:
    total = sum(one.outcomes.values())
    return 100 * one.outcomes.get(reason, 0) / total if total else 0.0
