"""The table of a model's parameters, laid out over groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from crosslag.constraints import equality_rank
from crosslag.expressions import Constraint, Definition

__all__ = ["DefinedRow", "Operator", "ParameterRow", "ParameterTable"]

Operator = Literal["=~", "~", "~~", "~1"]


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One line of the parameter table: a parameter in one group.

    Attributes
    ----------
    group
        The group's number, from 0.
    lhs, op, rhs
        The relation, as in :class:`Relation`.
    label
        Empty for a parameter without one.
    free
        Position among the estimated parameters, or -1 when it is fixed.
    value
        What it is fixed to; 0 for an estimated one.
    start
        Where estimation starts; None to choose from the data.
    """

    group: int
    lhs: str
    op: Operator
    rhs: str
    label: str
    free: int
    value: float
    start: float | None

    @property
    def name(self) -> str:
        """The parameter as a user writes it."""
        return f"{self.lhs} {self.op} {self.rhs}".rstrip()


@dataclass(frozen=True, slots=True)
class DefinedRow:
    """A defined parameter of the table; ``group`` is -1 where it does not belong to one."""

    definition: Definition
    group: int = -1


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of a model in a number of groups.

    Attributes
    ----------
    observed, latent
        Names of the variables, in order of appearance.
    n_groups, n_free
        Numbers of groups and of estimated parameters; labels count once.
    rows
        The parameters, group after group.
    definitions
        The defined parameters.
    constraints
        Equalities and bounds, written out for every group.
    auxiliary
        Columns that covary with everything and are no part of the model otherwise.
    """

    observed: tuple[str, ...]
    latent: tuple[str, ...]
    n_groups: int
    n_free: int
    rows: tuple[ParameterRow, ...]
    definitions: tuple[DefinedRow, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    auxiliary: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Observed variables, then latent ones: the order of the model's matrices."""
        return self.observed + self.latent

    @property
    def n_moments(self) -> int:
        """Means, variances and covariances of the observed variables over all groups."""
        p = len(self.observed)
        return self.n_groups * (p + p * (p + 1) // 2)

    @cached_property
    def n_parameters(self) -> int:
        """Estimated parameters less independent equality constraints."""
        return self.n_free - equality_rank(self)

    @property
    def degrees_of_freedom(self) -> int:
        """Moments of the data less estimated parameters, with constraints given back."""
        return self.n_moments - self.n_parameters

    def positions(self) -> dict[str, int]:
        """Say where each label of an estimated parameter stands.

        Returns
        -------
        dict
            Position, from 0, by label.
        """
        return {row.label: row.free for row in self.rows if row.label and row.free >= 0}

    def constants(self) -> dict[str, float]:
        """Give the values of labelled parameters that are fixed.

        Returns
        -------
        dict
            Value by label.
        """
        return {row.label: row.value for row in self.rows if row.label and row.free < 0}

    def free_names(self) -> list[str]:
        """Name every estimated parameter, by its label or else by its relation.

        Returns
        -------
        list
            In the order of ``Fit.theta``.
        """
        names = [""] * self.n_free
        for row in self.rows:
            if row.free >= 0 and not names[row.free]:
                suffix = f" (group {row.group + 1})" if self.n_groups > 1 and not row.label else ""
                names[row.free] = row.label or row.name + suffix
        return names
