"""The path diagram of a panel model as SVG: waves from left to right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from crosslag.errors import DataError, ModelError

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["Picture", "path_diagram"]

_LEVEL = 0.05
_COLUMN, _ROW, _MARGIN = 220.0, 150.0, 112.0
_NODE_WIDTH, _NODE_HEIGHT = 104.0, 46.0
_HEAD = 70.0  # title and names of waves
_INTERCEPTS = 150.0  # room for random intercepts
_STRONG, _WEAK = "#12355b", "#8a94a0"

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, which notebooks show by themselves.

    Attributes
    ----------
    svg
        The whole file.
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write it to a file, which browsers and word processors read.

        Raises
        ------
        DataError
            If the file can't be written.
        """
        try:
            Path(path).write_text(self.svg, encoding="utf-8")
        except OSError as error:
            raise DataError(f"Can't write to {path}: {error.strerror}.") from error


def path_diagram(fit: Fit, *, standardised: bool = True) -> Picture:
    """Draw lagged effects and what covaries within waves, one panel for each group.

    Effects that differ from zero at the 5 % level are strong, others thin and dashed. Loadings,
    variances and means are left out.

    Raises
    ------
    ModelError
        If the model has no waves, or the fit has not converged.
    """
    if not fit.model.waves:
        raise ModelError("Only a panel model, made by one of the builders, can be drawn by waves.")
    if not fit.converged:
        raise ModelError("The fit has not converged, so there is nothing to draw.")
    grid = _Grid.of(fit)
    several = len(fit.group_names) > 1
    table = fit.estimates
    parts = [
        _group(
            grid, table[table["group"] == name], number, str(name) if several else "", standardised
        )
        for number, name in enumerate(fit.group_names)
    ]
    width, height = grid.width, grid.height * len(parts) + 34
    kind = "Standardised estimates" if standardised else "Estimates"
    legend = f"{kind}. Strong: p &lt; .05; dashed: not significant." + (
        " Random intercepts load 1 on every wave." if grid.intercepts else ""
    )
    label = escape(f"Path diagram: {fit.model.kind}")
    svg = "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
            f' width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{label}"'
            ' font-family="Helvetica, Arial, sans-serif" font-size="13">',
            f"<title>{label}</title>",
            "<defs>" + _marker("strong", _STRONG) + _marker("weak", _WEAK) + "</defs>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
            *parts,
            f'<text x="24" y="{height - 14:.0f}" fill="#444" font-size="12">{legend}</text>',
            "</svg>",
        ]
    )
    return Picture(svg + "\n")


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the variables of a model stand.

    ``places`` are the centres of what takes part in lagged effects; ``intercepts`` those of other
    latent variables that measure a whole row.
    """

    places: dict[str, _Point]
    intercepts: dict[str, _Point]
    captions: dict[str, str]
    n_waves: int
    n_rows: int

    @classmethod
    def of(cls, fit: Fit) -> _Grid:
        model = fit.model
        regressed = {n for r in model.relations if r.op == "~" for n in (r.lhs, r.rhs)}
        bearer = {r.rhs: r.lhs for r in model.relations if r.op == "=~" and r.lhs in regressed}
        measured = {
            r.rhs: r.lhs for r in model.relations if r.op == "=~" and r.lhs not in regressed
        }
        room = _INTERCEPTS if any(column in measured for _, w in model.waves for column in w) else 0
        places, intercepts, captions = {}, {}, {}
        for row, (name, columns) in enumerate(model.waves):
            y = _HEAD + _ROW / 2 + row * _ROW
            for wave, column in enumerate(columns):
                node = bearer.get(column, column)
                places[node] = (_MARGIN + room + wave * _COLUMN, y)
                captions[node] = name if node == column else "within persons"
                if column in measured:
                    intercepts[measured[column]] = (_MARGIN, y)
                    captions[measured[column]] = "between persons"
        return cls(places, intercepts, captions, len(model.waves[0][1]), len(model.waves))

    @property
    def width(self) -> float:
        return 2 * _MARGIN + (self.n_waves - 1) * _COLUMN + (_INTERCEPTS if self.intercepts else 0)

    @property
    def height(self) -> float:
        return _HEAD + self.n_rows * _ROW


def _group(grid: _Grid, table: pd.DataFrame, number: int, name: str, standardised: bool) -> str:
    left = _MARGIN + (_INTERCEPTS if grid.intercepts else 0)
    parts = [f'<g transform="translate(0 {number * grid.height:.0f})">']
    if name:
        parts.append(f'<text x="24" y="24" font-size="15" font-weight="bold">{escape(name)}</text>')
    parts += [
        _text((left + wave * _COLUMN, 46), f"Wave {wave + 1}", fill="#444")
        for wave in range(grid.n_waves)
    ]
    value = "std_all" if standardised else "est"
    drawn = list(_paths(grid, table, value))
    parts += [line for line, _ in drawn]
    parts += [_node(grid, node, place) for node, place in grid.places.items()]
    parts += [_node(grid, node, place, round_ends=True) for node, place in grid.intercepts.items()]
    parts += [label for _, label in drawn]
    parts.append("</g>")
    return "\n".join(parts)


def _paths(grid: _Grid, table: pd.DataFrame, value: str) -> Iterator[tuple[str, str]]:
    """Give lines and labels, weak ones first."""
    nodes = grid.places | grid.intercepts
    shown = table[(table["lhs"] != table["rhs"]) & table["op"].isin(["~", "~~"])]
    ordered = shown.sort_values("pvalue", ascending=False, na_position="first")
    for row in ordered.to_dict("records"):
        lhs, rhs = str(row["lhs"]), str(row["rhs"])
        if lhs not in nodes or rhs not in nodes or (row["se"] == 0 and row["est"] == 0):
            continue
        strong = bool(row["pvalue"] < _LEVEL)
        text = f"{row[value]:.2f}".replace("-", "\N{MINUS SIGN}")
        if row["op"] == "~":
            outward = nodes[lhs][1] - _HEAD - grid.n_rows * _ROW / 2
            yield _effect(nodes[rhs], nodes[lhs], text, strong=strong, outward=outward)
        elif nodes[lhs][0] == nodes[rhs][0]:
            yield _covariance(nodes[lhs], nodes[rhs], text, strong=strong)


def _effect(
    source: _Point, target: _Point, text: str, *, strong: bool, outward: float
) -> tuple[str, str]:
    """An arrow; one that passes by a wave in its own row bends up if ``outward`` is negative."""
    (x1, y1), (x2, y2) = source, target
    x1, x2 = x1 + _NODE_WIDTH / 2, x2 - _NODE_WIDTH / 2 - 3
    rows = (y2 - y1) / _ROW
    far = x2 - x1 > _COLUMN
    if far and rows == 0:  # pass by the nodes between
        bend = -120.0 if outward < 0 else 120.0
        ends = (x1, y1 + bend / 15), ((x1 + x2) / 2, y1 + bend), (x2, y2 + bend / 15)
        return _curve(*ends, text, 0.5, strong=strong)
    share = 0.5 if rows == 0 else 0.62 if far else 0.3
    place = (x1 + share * (x2 - x1), y1 + share * (y2 - y1) - (10 if rows == 0 else 0))
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" {_stroke(strong)}/>', _label(
        place, text, strong=strong
    )


def _covariance(one: _Point, other: _Point, text: str, *, strong: bool) -> tuple[str, str]:
    """A curve with two heads on the left of a wave."""
    (x, y1), (_, y2) = sorted([one, other], key=lambda point: point[1])
    apart = round((y2 - y1) / _ROW)
    edge = x if apart == 1 else x - _NODE_WIDTH / 2
    top, bottom = (
        ((edge, y1 + _NODE_HEIGHT / 2 + 3), (edge, y2 - _NODE_HEIGHT / 2 - 3))
        if apart == 1
        else ((edge - 3, y1), (edge - 3, y2))
    )
    middle = (edge - 34.0 * apart, (y1 + y2) / 2)
    share = 0.5 if apart == 1 else 0.2
    return _curve(top, middle, bottom, text, share, strong=strong, both=True)


def _curve(
    start: _Point,
    middle: _Point,
    end: _Point,
    text: str,
    share: float,
    *,
    strong: bool,
    both: bool = False,
) -> tuple[str, str]:
    weights = ((1 - share) ** 2, 2 * share * (1 - share), share**2)
    place = (
        sum(w * p[0] for w, p in zip(weights, (start, middle, end), strict=True)),
        sum(w * p[1] for w, p in zip(weights, (start, middle, end), strict=True)),
    )
    d = "M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}".format(*start, *middle, *end)
    return f'<path d="{d}" {_stroke(strong, both=both)}/>', _label(place, text, strong=strong)


def _stroke(strong: bool, *, both: bool = False) -> str:
    kind, colour = ("strong", _STRONG) if strong else ("weak", _WEAK)
    style = 'stroke-width="2.4"' if strong else 'stroke-width="1.2" stroke-dasharray="5 4"'
    heads = f'marker-end="url(#{kind})"' + (f' marker-start="url(#{kind})"' if both else "")
    return f'fill="none" stroke="{colour}" {style} {heads}'


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"'
        ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        f'<path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
    )


def _node(grid: _Grid, name: str, place: _Point, *, round_ends: bool = False) -> str:
    x, y = place
    return (
        f'<rect x="{x - _NODE_WIDTH / 2:.1f}" y="{y - _NODE_HEIGHT / 2:.1f}"'
        f' width="{_NODE_WIDTH:.0f}" height="{_NODE_HEIGHT:.0f}" rx="{22 if round_ends else 8}"'
        f' fill="#f3f6fa" stroke="#33475b" stroke-width="1.2"/>'
        + _text((x, y - 3), _short(name), weight="bold")
        + _text((x, y + 14), _short(grid.captions[name], 16), fill="#555", size=11)
    )


def _short(text: str, longest: int = 14) -> str:
    return text if len(text) <= longest else f"{text[:9]}\N{HORIZONTAL ELLIPSIS}{text[-3:]}"


def _label(place: _Point, text: str, *, strong: bool) -> str:
    x, y = place
    half = 3.8 * len(text) + 2
    back = (
        f'<rect x="{x - half:.1f}" y="{y - 9:.1f}" width="{2 * half:.1f}" height="17"'
        ' fill="white" fill-opacity="0.9"/>'
    )
    weight, fill = ("bold", _STRONG) if strong else ("normal", "#5b6570")
    return back + _text((x, y + 4), text, fill=fill, weight=weight)


def _text(
    place: _Point, text: str, *, fill: str = "#111", weight: str = "normal", size: int = 13
) -> str:
    return (
        f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="middle" fill="{fill}"'
        f' font-weight="{weight}" font-size="{size}">{escape(text)}</text>'
    )
