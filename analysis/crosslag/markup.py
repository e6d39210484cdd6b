"""A fit as plain data and as HTML."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from crosslag import report

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["as_dict", "as_html"]

_STYLE = (
    "<style>.crosslag table{border-collapse:collapse;margin:.3em 0 1em}"
    ".crosslag td,.crosslag th{padding:.15em .7em;text-align:right}"
    ".crosslag th{border-bottom:1px solid currentColor}"
    ".crosslag td.name,.crosslag th.name{text-align:left}"
    ".crosslag caption{text-align:left;font-weight:bold}</style>"
)


def as_dict(fit: Fit) -> dict[str, object]:
    """Give everything a fit tells in types that JSON knows; what is not a number is None."""
    known: dict[str, object] = {
        "model": fit.model.kind,
        "estimator": fit.estimator,
        "missing": fit.missing,
        "groups": [
            {"name": _plain(name), "persons": size}
            for name, size in zip(fit.group_names, fit.group_sizes, strict=True)
        ],
        "patterns": fit.n_patterns,
        "dropped": fit.n_dropped,
        "converged": fit.converged,
        "admissible": fit.admissible,
        "method": fit.method,
        "iterations": fit.iterations,
        "warnings": list(fit.warnings),
        "indices": {name: _plain(value) for name, value in fit.indices.items()},
        "estimates": _records(fit.estimates.to_dict("records")),
    }
    if fit.bootstrap is not None:
        known["bootstrap"] = {
            "draws": fit.bootstrap.n_draws,
            "not_converged": fit.bootstrap.n_failed,
            "inadmissible": fit.bootstrap.n_inadmissible,
            "seed": fit.bootstrap.seed,
            "intervals": _records(fit.bootstrap.intervals().to_dict("records")),
        }
    return known


def _records(rows: list[dict[object, object]]) -> list[dict[str, object]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | None) else str(value)


def as_html(fit: Fit) -> str:
    """Write the summary as HTML."""
    grouped = len(fit.group_names) > 1
    parts = [_STYLE, _pairs("", list(report.heading(fit)))]
    if fit.converged:
        for position, (title, part) in enumerate(report.sections(fit)):
            if position == 1:
                parts.append(_pairs("Fit", list(report.fit_lines(fit))))
            body = [report.cells(row, grouped=grouped) for _, row in part.iterrows()]
            parts.append(_table(title, report.column_names(grouped=grouped), body, grouped))
    if fit.warnings:
        notes = "".join(f"<li>{escape(warning)}</li>" for warning in fit.warnings)
        parts.append(f"<p><b>Please note</b></p><ul>{notes}</ul>")
    return f'<div class="crosslag">{"".join(parts)}</div>'


def _pairs(title: str, pairs: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><td class="name">{escape(label)}</td><td class="name">{escape(text)}</td></tr>'
        for label, text in pairs
    )
    return f"<table>{_caption(title)}{rows}</table>"


def _table(title: str, header: list[str], body: list[list[str]], grouped: bool) -> str:
    names = 2 if grouped else 1

    def line(tag: str, texts: list[str]) -> str:
        cells = (
            f"<{tag}{' class=' + chr(34) + 'name' + chr(34) if i < names else ''}>"
            f"{escape(text)}</{tag}>"
            for i, text in enumerate(texts)
        )
        return f"<tr>{''.join(cells)}</tr>"

    rows = "".join(line("td", row) for row in body)
    return f"<table>{_caption(title)}{line('th', header)}{rows}</table>"


def _caption(title: str) -> str:
    return f"<caption>{escape(title)}</caption>" if title else ""
