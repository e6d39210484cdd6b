"""The variables of a panel, as users name them: checked before any model is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crosslag.errors import ModelError

__all__ = ["checked_variables"]


def checked_variables(variables: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Check the columns of a panel: the same number of waves for all, each column named once.

    Raises
    ------
    ModelError
        If there is no variable, a name is empty or no text, or columns are unequal in number or
        repeated.
    """
    if not isinstance(variables, Mapping):
        raise ModelError(
            "Give the variables as a dict of names and columns, such as"
            f" {{'x': ['x1', 'x2', 'x3']}}, not as {type(variables).__name__}."
        )
    if not variables:
        raise ModelError("Name at least one variable with its columns in order of time.")
    panel = {name: _checked_columns(name, columns) for name, columns in variables.items()}
    counts = {name: len(columns) for name, columns in panel.items()}
    if len(set(counts.values())) > 1:
        stated = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ModelError(f"Every variable needs the same number of waves, but {stated}.")
    named = [column for columns in panel.values() for column in columns]
    repeated = sorted({column for column in named if named.count(column) > 1})
    if repeated:
        raise ModelError(f"Each column stands for one variable at one wave; repeated: {repeated}.")
    return panel


def _checked_columns(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise ModelError(
            f"'{name}': give a list of columns, one for each wave, not a single"
            f" {'string' if isinstance(columns, str) else type(columns).__name__}."
        )
    found = tuple(columns)
    for text in (name, *found):
        if isinstance(text, list | tuple):
            raise ModelError(
                f"'{name}': one column is expected at each wave, not {text!r}; riclpm and"
                " longitudinal_cfa take lists of indicators."
            )
        if not isinstance(text, str):
            raise ModelError(
                f"'{name}': {text!r} is no text, but names are; rename the columns of the data,"
                " such as with data.columns.astype(str)."
            )
    if not name or not all(found):
        raise ModelError(f"Variable '{name}' has an empty name among its columns or itself.")
    return found
