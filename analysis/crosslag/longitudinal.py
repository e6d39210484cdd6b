"""Panels from long or wide tables, checked before any model is fitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

import numpy as np
import pandas as pd

from crosslag.errors import DataError
from crosslag.panel import numeric_column, require_columns
from crosslag.variables import checked_variables

__all__ = ["Panel"]


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Persons observed at several waves: one row per person, one column per variable and wave.

    >>> long = pd.DataFrame({"id": [1, 1, 1], "wave": [0, 1, 2], "sc": [3.0, 4.0, 3.5]})
    >>> Panel.from_long(long, "id", "wave", ["sc"]).variables["sc"]
    ('sc_0', 'sc_1', 'sc_2')

    Give ``variables`` to a builder and the panel itself to :func:`crosslag.fit`.

    Attributes
    ----------
    variables
        Each variable's columns in order of time.
    notes
        What was left out, in words.
    """

    _data: pd.DataFrame
    variables: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        named = ", ".join(f"{name} at {len(at)} waves" for name, at in self.variables.items())
        return f"<Panel of {len(self._data)} persons: {named}>"

    def __getstate__(self) -> dict[str, object]:
        return {"_data": self._data, "variables": dict(self.variables), "notes": self.notes}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            frozen = MappingProxyType(value) if isinstance(value, dict) else value
            object.__setattr__(self, name, frozen)

    @property
    def data(self) -> pd.DataFrame:
        """A copy of the table, one row per person."""
        return self._data.copy()

    @classmethod
    def from_wide(cls, data: pd.DataFrame, variables: Mapping[str, Sequence[str]]) -> Panel:
        """Take a table with one row per person.

        Parameters
        ----------
        data
            The persons; gaps as NaN or NA.
        variables
            Each variable's columns in order of time.

        Returns
        -------
        Panel
            With all columns of the data, those of the variables as numbers.

        Raises
        ------
        DataError
            For unknown, repeated or non-numeric columns, and infinite values.
        ModelError
            If variables have different numbers of waves, or a column stands for two.
        """
        checked = checked_variables(variables)
        columns = [column for names in checked.values() for column in names]
        _require_frame(data)
        require_columns(data, columns)
        values = {column: numeric_column(data, column) for column in columns}
        return cls(data.assign(**values), MappingProxyType(checked))

    @classmethod
    def from_long(
        cls,
        data: pd.DataFrame,
        person: str,
        wave: str,
        variables: Sequence[str],
        waves: Sequence[object] | None = None,
        keep: Sequence[str] = (),
    ) -> Panel:
        """Take a table with one row per person and wave.

        Parameters
        ----------
        data
            The observations.
        person, wave
            Columns that say who and when.
        variables
            Columns that were measured repeatedly; ``sc`` at wave 2 becomes ``sc_2`` (at a date,
            ``sc_2024_05_31``).
        waves
            The waves in order of time; others are left out, with a note. By default all waves:
            numbers, dates and ordered categories in their order; texts have to be listed.
        keep
            Columns that hold one value per person, such as arm or site.

        Returns
        -------
        Panel
            With the columns ``person``, those of the variables at every wave, and ``keep``.

        Raises
        ------
        DataError
            For unknown columns, a column with two roles, rows without person or wave, a person
            twice at a wave, waves without an order in time, persons with several values of a
            column to keep, and values that are not finite numbers.
        """
        _require_frame(data)
        if any(isinstance(v, str) or not isinstance(v, Collection) for v in (variables, keep)):
            raise DataError("variables and keep are lists of columns, not a single text or number.")
        _require_roles(person, wave, variables, keep)
        require_columns(data, [person, wave, *variables, *keep])
        for column in (person, wave):
            _refuse_gaps(data[column], column)
        order = _wave_order(data[wave], wave, waves)
        known = data[wave].isin(order)
        _refuse_duplicates(data.loc[known], person, wave)
        notes = _left_out(data.loc[~known, wave], wave)
        rows = data.loc[known, [person, wave, *keep]].assign(
            **{name: numeric_column(data, name)[known.to_numpy()] for name in variables}
        )
        wide = pd.DataFrame(index=pd.Index(data[person].unique(), name=person))
        names: dict[str, tuple[str, ...]] = {}
        for name in variables:
            table = rows.pivot(index=person, columns=wave, values=name).reindex(columns=order)
            names[name] = tuple(f"{name}_{_wave_text(value)}" for value in order)
            wide = wide.join(table.set_axis(list(names[name]), axis="columns"))
        _require_new([*wide.columns], [person, *keep])
        for column in keep:
            wide[column] = _one_per_person(data, person, column)
        return cls(wide.reset_index(), MappingProxyType(checked_variables(names)), notes)

    def coverage(self) -> pd.DataFrame:
        """Give the share of persons who have both of two columns.

        Returns
        -------
        DataFrame
            Shares from 0 to 1, (columns, columns); on the diagonal those who have the column.
        """
        columns = [column for names in self.variables.values() for column in names]
        seen = self._data[columns].notna().to_numpy(dtype=np.float64)
        share = seen.T @ seen / max(len(seen), 1)
        return pd.DataFrame(share, index=columns, columns=columns)


def _require_frame(data: object) -> None:
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"The data must be a pandas DataFrame, not {type(data).__name__}.")
    if not len(data):
        raise DataError("The data have no rows.")


def _require_roles(person: str, wave: str, variables: Sequence[str], keep: Sequence[str]) -> None:
    roles = [person, wave, *variables, *keep]
    for column in roles:
        if not isinstance(column, str):
            raise DataError(f"{column!r} is no name of a column; names are texts.")
        if roles.count(column) > 1:
            raise DataError(
                f"Column '{column}' is named twice among person, wave, variables and keep; each"
                " column has one role."
            )


def _require_new(made: Sequence[str], others: Sequence[str]) -> None:
    clash = sorted({name for name in made if [*made, *others].count(name) > 1})
    if clash:
        raise DataError(
            f"Two columns of the panel would be called {clash[0]!r}; rename one before."
        )


def _wave_text(value: object) -> str:
    """Write a wave as part of a column's name."""
    if isinstance(value, date):
        text = value.strftime("%Y_%m_%d_%H%M%S" if isinstance(value, datetime) else "%Y_%m_%d")
        return text.removesuffix("_000000")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refuse_gaps(series: pd.Series, name: str) -> None:
    empty = np.flatnonzero(series.isna())
    if len(empty):
        raise DataError(
            f"Column '{name}' is empty in row {empty[0] + 1} ({len(empty)} in all); every row needs"
            " a person and a wave."
        )


def _wave_order(series: pd.Series, name: str, waves: Sequence[object] | None) -> list[object]:
    found = series.unique().tolist()
    if waves is not None:
        if isinstance(waves, str) or not isinstance(waves, Collection) or not len(waves):
            raise DataError(f"waves={waves!r}: list the waves in order of time; there are {found}.")
        listed = list(waves)
        absent = [value for value in listed if value not in found]
        if absent or len(set(listed)) < len(listed):
            what = f"not in column '{name}': {absent}" if absent else "listed twice"
            raise DataError(f"waves={listed}: {what}; there are {found}.")
        return listed
    if isinstance(series.dtype, pd.CategoricalDtype) and series.dtype.ordered:
        return [value for value in series.dtype.categories if value in found]
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_datetime64_any_dtype(series):
        return sorted(series.unique())
    raise DataError(
        f"The waves in column '{name}' are no numbers, dates or ordered categories, and so have no"
        f" order in time; list them, such as waves={found[:6]!r}."
    )


def _refuse_duplicates(data: pd.DataFrame, person: str, wave: str) -> None:
    twice = data.duplicated([person, wave], keep=False)
    if not twice.any():
        return
    pairs = data.loc[twice, [person, wave]].drop_duplicates()
    named = ", ".join(f"{who} at {when}" for who, when in pairs.head(5).itertuples(index=False))
    more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
    raise DataError(
        f"A person has more than one row at a wave ({person} at {wave}): {named}{more}. Keep one"
        " row of each."
    )


def _left_out(others: pd.Series, wave: str) -> tuple[str, ...]:
    if others.empty:
        return ()
    values = ", ".join(map(str, others.unique()[:6]))
    return (f"{len(others)} row(s) at other values of '{wave}' were left out: {values}.",)


def _one_per_person(data: pd.DataFrame, person: str, column: str) -> pd.Series:
    known = data[[person, column]].dropna().drop_duplicates()
    several = known.loc[known[person].duplicated(), person]
    if len(several):
        raise DataError(
            f"Column '{column}' has several values for {several.nunique()} person(s), first"
            f" {several.iloc[0]}; only what does not change over waves can be kept."
        )
    return known.set_index(person)[column]
