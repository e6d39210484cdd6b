"""From a data frame to checked matrices, one for each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crosslag._types import Bool, Float, Int
from crosslag.errors import DataError

__all__ = ["GroupData", "Missing", "PanelData", "numeric_column", "prepare", "require_columns"]

Missing = Literal["listwise", "fiml"]

_WIDEST = 1e60
"""The fourth powers of larger deviations, and of the inverse of smaller ones, are no numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupData:
    """The persons of one group.

    Attributes
    ----------
    name
        The group's.
    values
        (n, p), NaN where missing.
    clusters
        The cluster of each person, (n,), numbered from 0; None where persons are independent.
    rows
        The persons' positions in the data, (n,).
    """

    name: object
    values: Float
    clusters: Int | None
    rows: Int


@dataclass(frozen=True, slots=True, eq=False)
class PanelData:
    """Checked data.

    Attributes
    ----------
    groups
        In order of appearance; a single one, named "", where there is no grouping.
    columns
        The variables, in the order of the matrices' columns.
    notes
        What was left out, in words.
    n_dropped
        Persons left out.
    """

    groups: tuple[GroupData, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    n_dropped: int

    @property
    def n(self) -> int:
        """Persons analysed."""
        return sum(len(group.values) for group in self.groups)

    def where(self, group: int) -> str:
        """Say in which group, for messages; nothing where there is no grouping."""
        name = self.groups[group].name
        return f" in group '{name}'" if name != "" else ""


def prepare(
    data: pd.DataFrame,
    columns: Sequence[str],
    missing: Missing,
    group: str | None = None,
    cluster: str | None = None,
    given: Sequence[str] = (),
) -> PanelData:
    """Select and check the columns of a model.

    Parameters
    ----------
    data
        One row per person; missing values as NaN or NA.
    columns
        The observed variables of the model.
    missing
        ``"listwise"`` leaves out persons with any gap, ``"fiml"`` only those without any value.
    group
        Column that tells the groups apart.
    cluster
        Column that tells which persons belong together.
    given
        Those of the columns without which nobody is kept, however gaps are treated.

    Raises
    ------
    DataError
        For unknown, repeated, constant, empty or non-numeric columns, infinite values, no or one
        person left in a group, a single cluster, or two variables that nobody has both of.
    """
    if missing not in get_args(Missing):
        raise DataError(f"missing={missing!r} is unknown; use one of {list(get_args(Missing))}.")
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"The data must be a pandas DataFrame, not {type(data).__name__}.")
    for name, role in ((group, "group"), (cluster, "cluster")):
        if not isinstance(name, str | None):
            raise DataError(f"{role}= takes the name of one column, not {name!r}.")
    require_columns(data, [*columns, *(name for name in (group, cluster) if name is not None)])
    for name, role in ((group, "group"), (cluster, "cluster")):
        if name is not None and name in columns:
            raise DataError(f"Column '{name}' is both the {role} and a variable of the model.")
    values = _matrix(data, columns)
    notes: list[str] = []
    kept = _kept(values, missing, [columns.index(name) for name in given], notes)
    codes = None if cluster is None else _cluster_codes(data[cluster], cluster, kept, notes)
    names = _group_names(data, group, kept, notes)
    groups = tuple(_group(name, kept & member, values, codes) for name, member in names.items())
    where = {g.name: f" in group '{g.name}'" if group is not None else "" for g in groups}
    for g in groups:
        _check_group(g, columns, where[g.name])
    n = sum(len(g.values) for g in groups)
    return PanelData(groups, tuple(columns), tuple(notes), len(data) - n)


def _group(name: object, member: Bool, values: Float, codes: Int | None) -> GroupData:
    clusters = None
    if codes is not None:
        clusters = np.unique(codes[member], return_inverse=True)[1].astype(np.int64)
    return GroupData(name, values[member], clusters, np.flatnonzero(member).astype(np.int64))


def _matrix(data: pd.DataFrame, columns: Sequence[str]) -> Float:
    """Stack the columns, (n, p)."""
    chosen = [data[column] for column in columns]
    if all(series.dtype == np.float64 for series in chosen):
        values = np.column_stack([series.to_numpy() for series in chosen])
        if not np.isinf(values).any():
            return values
    return np.column_stack([numeric_column(data, column) for column in columns])


def _cluster_codes(series: pd.Series, name: str, kept: Bool, notes: list[str]) -> Int:
    """Number the clusters; persons without one are no longer kept."""
    codes = pd.factorize(series)[0].astype(np.int64)
    nameless = int(((codes < 0) & kept).sum())
    if nameless:
        notes.append(f"{nameless} person(s) without a value of '{name}' were left out.")
    kept &= codes >= 0
    found = len(np.unique(codes[kept]))
    if found < 2:
        raise DataError(
            f"Column '{name}' names {found} cluster(s); errors that allow for clusters need many"
            " of them (at least 2, better 30)."
        )
    if found < 30:
        notes.append(
            f"There are only {found} clusters; errors that allow for them are too small with few."
        )
    return codes


def require_columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse names that are not the name of exactly one column."""
    unknown = [name for name in names if name not in data.columns]
    if unknown:
        known = ", ".join(map(str, data.columns[:30]))
        more = ", ..." if len(data.columns) > 30 else ""
        raise DataError(
            f"No column {_quoted(unknown)} in the data{_similar(unknown[0], data)}; there are:"
            f" {known}{more}."
        )
    if data.columns.is_unique:
        return
    repeated = [name for name in names if (data.columns == name).sum() > 1]
    if repeated:
        raise DataError(f"Column {_quoted(repeated)} stands in the data more than once.")


def _similar(name: str, data: pd.DataFrame) -> str:
    """Ask whether a column of nearly that name was meant."""
    known = {str(column).casefold(): str(column) for column in data.columns}
    close = get_close_matches(str(name).casefold(), known, n=1, cutoff=0.8)
    return f" (did you mean '{known[close[0]]}'?)" if close else ""


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def numeric_column(data: pd.DataFrame, column: str) -> Float:
    """Read a column as numbers, (n,), NaN where missing.

    Raises
    ------
    DataError
        For texts, dates and infinite values, with the row.
    """
    series = data[column]
    plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf"
    numbers = series if plain else _parsed(series, column)
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"Column '{column}' has an infinite value in row {infinite[0] + 1}"
            f" ({len(infinite)} in all); leave it empty if it is missing."
        )
    return values


def _parsed(series: pd.Series, column: str) -> pd.Series:
    """Read numbers from nullable, object and text columns."""
    numbers = pd.to_numeric(series, errors="coerce")
    text = numbers.isna() & series.notna()
    if text.any() or series.dtype.kind in "mMc":
        bad = series[text] if text.any() else series
        row = int(np.flatnonzero(text)[0]) + 1 if text.any() else 1
        raise DataError(
            f"Column '{column}' must be numeric, but row {row} holds {bad.iloc[0]!r}"
            f" ({len(bad)} such value(s)); recode or remove it."
        )
    return numbers


def _kept(values: Float, missing: Missing, given: Sequence[int], notes: list[str]) -> Bool:
    gaps = np.isnan(values)
    unconditioned = gaps[:, given].any(axis=1)
    if unconditioned.any():
        notes.append(
            f"{unconditioned.sum()} person(s) without all exogenous variables were left out."
        )
    empty, incomplete = gaps.all(axis=1) & ~unconditioned, gaps.any(axis=1)
    if empty.any():
        notes.append(f"{empty.sum()} person(s) without any value were left out.")
    if missing == "fiml":
        return np.asarray(~empty & ~unconditioned)
    partly = int((incomplete & ~empty & ~unconditioned).sum())
    if partly:
        notes.append(
            f"{partly} person(s) with missing values were left out (listwise deletion);"
            ' missing="fiml" keeps them.'
        )
    return np.asarray(~incomplete)


def _group_names(
    data: pd.DataFrame, group: str | None, kept: Bool, notes: list[str]
) -> dict[object, Bool]:
    """Say for each group, in order of appearance, which rows are its members.

    Persons who are left out count too: labels for each group must not change places because
    somebody has a gap.
    """
    if group is None:
        return {"": np.ones(len(data), dtype=np.bool_)}
    series = data[group]
    nameless = int((series.isna().to_numpy() & kept).sum())
    if nameless:
        notes.append(f"{nameless} person(s) without a value of '{group}' were left out.")
    names = series.dropna().unique().tolist()
    if not names:
        raise DataError(f"Column '{group}' tells nobody's group: it has no value.")
    if len(names) == 1:
        notes.append(f"Column '{group}' has one value, {names[0]!r}: there is a single group.")
    return {name: (series == name).fillna(False).to_numpy(dtype=np.bool_) for name in names}


def _check_group(group: GroupData, columns: Sequence[str], where: str) -> None:
    values = group.values
    if len(values) < 2:
        raise DataError(f"There are {len(values)} person(s) to analyse{where}; a model needs more.")
    present = ~np.isnan(values)
    _refuse(
        [column for i, column in enumerate(columns) if not present[:, i].any()],
        f"has no value at all{where}; leave it out of the model",
    )
    low = np.where(present, values, np.inf).min(axis=0)
    high = np.where(present, values, -np.inf).max(axis=0)
    _refuse(
        [column for i, column in enumerate(columns) if low[i] == high[i]],
        f"is constant{where}: it has no variance to explain; leave it out of the model",
    )
    spread = high / 2 - low / 2
    extreme = (spread > _WIDEST) | (spread < 1 / _WIDEST) | (np.maximum(high, -low) > _WIDEST)
    _refuse(
        [column for i, column in enumerate(columns) if extreme[i]],
        f"has values too large or too close together{where} for their squares to be computed;"
        " give it in other units",
    )
    together = present.T.astype(np.float64) @ present
    never = [(columns[i], columns[j]) for i, j in np.argwhere(together == 0).tolist() if i < j]
    if never:
        pairs = ", ".join(f"'{a}' with '{b}'" for a, b in never[:5])
        more = f" and {len(never) - 5} more pair(s)" if len(never) > 5 else ""
        raise DataError(
            f"No person{where} has both variables of a pair: {pairs}{more}. Nothing in the data"
            " tells how they covary; leave out one of each pair, or join the waves."
        )


def _refuse(columns: list[str], complaint: str) -> None:
    if columns:
        raise DataError(f"Column {_quoted(columns)} {complaint}.")
