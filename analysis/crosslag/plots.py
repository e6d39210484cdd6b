"""The path diagram of a panel model as SVG: waves from left to right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from crosslag.errors import DataError, ModelError

if TYPE_CHECKING:
    from crosslag.model import Model
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

    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write it to a file, which browsers and word processors read.

        Parameters
        ----------
        path
            The file, such as ``"model.svg"``; one that exists is replaced.

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
    variances and means are left out, and so are predictors, outcomes and covariates, which the
    legend says. Steps without a wave are drawn where they lie.

    Raises
    ------
    ModelError
        If the model has no waves, or the fit has not converged.
    """
    if not fit.model.waves:
        raise ModelError("Only a panel model, made by one of the builders, can be drawn by waves.")
    if not fit.converged:
        raise ModelError("The fit has not converged, so there is nothing to draw.")
    grid = _Grid.of(fit.model)
    several = len(fit.group_names) > 1
    table = fit.estimates
    parts = [
        _group(
            grid, table[table["group"] == name], number, str(name) if several else "", standardised
        )
        for number, name in enumerate(fit.group_names)
    ]
    legend = list(_legend(grid, table, standardised=standardised))
    width, bottom = grid.width, grid.height * len(parts)
    height = bottom + 16 + 18 * len(legend)
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
            *(
                f'<text x="24" y="{bottom + 20 + 18 * i:.0f}" fill="#444"'
                f' font-size="12">{line}</text>'
                for i, line in enumerate(legend)
            ),
            "</svg>",
        ]
    )
    return Picture(svg + "\n")


def _legend(grid: _Grid, table: pd.DataFrame, *, standardised: bool) -> Iterator[str]:
    kind = "Standardised estimates" if standardised else "Estimates"
    yield f"{kind}. Strong: p &lt; .05; dashed: not significant."
    if grid.stable:
        yield "Round: what a person keeps over time; its loadings are left out."
    if _left_out(grid, table):
        yield "Some effects or covariances are left out."


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the variables of a model stand.

    ``places`` are the centres of what takes part in lagged effects, steps without a wave included;
    ``stable`` those of latent variables that several waves of a row measure. ``waves`` are the
    horizontal places of the waves.
    """

    places: dict[str, _Point]
    stable: dict[str, _Point]
    captions: dict[str, str]
    waves: tuple[float, ...]
    n_rows: int

    @classmethod
    def of(cls, model: Model) -> _Grid:
        rows = [_Row.of(model, columns) for _, columns in model.waves]
        left = _MARGIN + _INTERCEPTS * max(len(row.stable) for row in rows)
        places: dict[str, _Point] = {}
        stable: dict[str, _Point] = {}
        captions: dict[str, str] = {}
        for number, ((name, columns), row) in enumerate(zip(model.waves, rows, strict=True)):
            y = _HEAD + _ROW / 2 + number * _ROW
            for node, step in row.steps.items():
                places[node] = (left + step * _COLUMN, y)
                captions[node] = (
                    name if node in columns else "within" if node in row.waves else "no data"
                )
            for i, node in enumerate(row.stable):
                stable[node] = (_MARGIN + i * _INTERCEPTS, y)
                captions[node] = ("level", "slope")[i] if len(row.stable) == 2 else "between"
        waves = tuple(places[node][0] for node in rows[0].waves)
        return cls(places, stable, captions, waves, len(rows))

    @property
    def width(self) -> float:
        return max(x for x, _ in self.places.values()) + _MARGIN

    @property
    def height(self) -> float:
        return _HEAD + self.n_rows * _ROW


@dataclass(frozen=True, slots=True)
class _Row:
    """One variable over time: what stands for it at every wave, at which step, and what stays.

    Steps without a wave have latent variables that measure nothing.
    """

    waves: tuple[str, ...]
    steps: dict[str, int]
    stable: tuple[str, ...]

    @classmethod
    def of(cls, model: Model, columns: Sequence[str]) -> _Row:
        effects = [(r.lhs, r.rhs) for r in model.relations if r.op == "~"]
        regressed = {name for effect in effects for name in effect}
        loadings = [r for r in model.relations if r.op == "=~" and r.rhs in columns]
        within = [r for r in loadings if r.lhs in regressed.intersection(model.within)]
        bearer = {r.rhs: r.lhs for r in within if r.fixed != 0.0}
        waves = tuple(bearer.get(column, column) for column in columns)
        empty = {r.lhs for r in within}.difference(bearer.values())
        stable = dict.fromkeys(r.lhs for r in loadings if r.lhs in model.between)
        return cls(waves, _steps(waves, empty, effects), tuple(stable))


def _steps(
    waves: Sequence[str], empty: Collection[str], effects: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Place what is predicted one step behind the last of its row that predicts it."""
    own = [(y, x) for y, x in effects if {y, x}.issubset({*waves, *empty})]
    steps = {waves[0]: 0}
    for _ in range(len(waves) + len(empty)):
        for outcome, predictor in own:
            if predictor in steps:
                steps[outcome] = max(steps.get(outcome, 0), steps[predictor] + 1)
    return steps if steps.keys() >= set(waves) else {name: i for i, name in enumerate(waves)}


def _group(grid: _Grid, table: pd.DataFrame, number: int, name: str, standardised: bool) -> str:
    parts = [f'<g transform="translate(0 {number * grid.height:.0f})">']
    if name:
        parts.append(f'<text x="24" y="24" font-size="15" font-weight="bold">{escape(name)}</text>')
    parts += [
        _text((x, 46), f"Wave {wave}", fill="#444") for wave, x in enumerate(grid.waves, start=1)
    ]
    value = "std_all" if standardised else "est"
    drawn = list(_paths(grid, table, value))
    parts += [line for line, _ in drawn]
    parts += [_node(grid, node, place) for node, place in grid.places.items()]
    parts += [_node(grid, node, place, round_ends=True) for node, place in grid.stable.items()]
    parts += [label for _, label in drawn]
    parts.append("</g>")
    return "\n".join(parts)


def _paths(grid: _Grid, table: pd.DataFrame, value: str) -> Iterator[tuple[str, str]]:
    """Give lines and labels, weak ones first."""
    nodes = grid.places | grid.stable
    shown = table[_drawable(grid, table)]
    ordered = shown.sort_values("pvalue", ascending=False, na_position="first")
    for row in ordered.to_dict("records"):
        one, other = nodes[str(row["lhs"])], nodes[str(row["rhs"])]
        strong = bool(row["pvalue"] < _LEVEL)
        number = "\N{EN DASH}" if pd.isna(row[value]) else f"{row[value]:.2f}"
        text = number.replace("-", "\N{MINUS SIGN}")
        outward = one[1] - _HEAD - grid.n_rows * _ROW / 2
        if row["op"] == "~":
            yield _effect(other, one, text, strong=strong, outward=outward)
        elif one[0] == other[0]:
            yield _covariance(one, other, text, strong=strong)
        else:
            yield _arch(one, other, text, strong=strong, outward=outward)


def _is_path(table: pd.DataFrame) -> pd.Series:
    paths = (table["lhs"] != table["rhs"]) & table["op"].isin(["~", "~~"])
    return paths & ~((table["se"] == 0) & (table["est"] == 0))


def _drawable(grid: _Grid, table: pd.DataFrame) -> pd.Series:
    """Say which rows are effects between nodes, or covariances in a column or a row of them."""
    nodes = grid.places | grid.stable
    x = {name: place[0] for name, place in nodes.items()}
    both = table["lhs"].isin(list(nodes)) & table["rhs"].isin(list(nodes))
    one_column = table["lhs"].map(x) == table["rhs"].map(x)
    y = {name: place[1] for name, place in grid.stable.items()}
    one_row = table["lhs"].map(y) == table["rhs"].map(y)
    return _is_path(table) & both & ((table["op"] == "~") | one_column | one_row)


def _left_out(grid: _Grid, table: pd.DataFrame) -> bool:
    return bool((_is_path(table) & ~_drawable(grid, table)).any())


def _arch(
    one: _Point, other: _Point, text: str, *, strong: bool, outward: float
) -> tuple[str, str]:
    """A curve with two heads over, or under, two neighbours in a row."""
    (x1, y), (x2, _) = sorted([one, other])
    side = -1.0 if outward < 0 else 1.0
    edge = y + side * (_NODE_HEIGHT / 2 + 3)
    middle = ((x1 + x2) / 2, edge + side * 60.0)
    return _curve((x1, edge), middle, (x2, edge), text, 0.5, strong=strong, both=True)


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
