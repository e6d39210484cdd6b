"""The frozen specification of a structural equation model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

from crosslag.errors import ModelError, require_whole
from crosslag.expressions import Constraint, Definition, labels, renamed
from crosslag.table import DefinedRow, Operator, ParameterRow, ParameterTable

__all__ = ["DefinedRow", "Model", "Operator", "ParameterRow", "ParameterTable", "Relation"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Relation:
    """One parameter of a model, in every group.

    ``label``, ``fixed`` and ``start`` are one value for all groups or a tuple with one per group.
    Parameters with the same label are one parameter: a single label therefore ties the groups,
    unless ``within_group`` is set, which gives each group a label of its own (``a.g1``, ``a.g2``).

    Attributes
    ----------
    lhs, op, rhs
        As in lavaan: ``y ~ x`` (y is predicted by x), ``f =~ x`` (f is measured by x),
        ``x ~~ y`` (covariance), ``x ~1`` (mean or intercept; ``rhs`` is empty).
    label
        Empty for a parameter without one.
    fixed
        The value it is fixed to; None when it is estimated.
    start
        Where estimation starts; None to choose from the data.
    within_group
        Whether each group has a label, and so a parameter, of its own.
    first_group
        Whether the label is the first group's only, as in lavaan if ``equal()`` names a relation.

    Raises
    ------
    ModelError
        If the operator is unknown, or an intercept has a right-hand side.
    """

    lhs: str
    op: Operator
    rhs: str = ""
    label: str | tuple[str, ...] = ""
    fixed: float | tuple[float | None, ...] | None = None
    start: float | tuple[float | None, ...] | None = None
    within_group: bool = False
    first_group: bool = False

    def __post_init__(self) -> None:
        if self.op not in get_args(Operator):
            raise ModelError(f"{self.op!r} is no operator; use one of {get_args(Operator)}.")
        if (self.op == "~1") != (self.rhs == ""):
            raise ModelError(f"'{self}': an intercept has no right-hand side, all others have one.")

    def __str__(self) -> str:
        return f"{self.lhs} {self.op} {self.rhs}".rstrip()

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the parameter within a group; covariances count in either order."""
        if self.op == "~~" and self.rhs < self.lhs:
            return self.rhs, self.op, self.lhs
        return self.lhs, self.op, self.rhs


@dataclass(frozen=True, slots=True, repr=False)
class Model:
    """A model in RAM form: directed, undirected and mean parameters.

    Variables that the relations measure with ``=~`` from the left are latent, all others are
    observed columns of the data. What is not stated is zero, except the intercepts of observed
    variables, which are estimated.

    Attributes
    ----------
    relations
        The stated parameters.
    kind
        What it is called in summaries, such as ``"RI-CLPM"``.
    waves
        The columns of every variable of a panel model in order of time, for pictures and tables.
    definitions
        Parameters that are functions of others (``:=``), estimated with errors by the delta method.
    constraints
        Equalities between labels, and bounds.
    exogenous
        Observed predictors of which the syntax said nothing else; the baseline model lets them
        covary, as lavaan does.
    auxiliary
        Columns that covary with everything and are no part of the model otherwise.

    Raises
    ------
    ModelError
        If a relation is stated twice, an expression names a label that no parameter has, or a
        definition takes a name that is taken.
    """

    relations: tuple[Relation, ...]
    kind: str = "Structural equation model"
    waves: tuple[tuple[str, tuple[str, ...]], ...] = ()
    definitions: tuple[Definition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    exogenous: tuple[str, ...] = ()
    auxiliary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.relations:
            raise ModelError("A model needs at least one relation.")
        seen: set[tuple[str, str, str]] = set()
        for relation in self.relations:
            if relation.key in seen:
                raise ModelError(f"'{relation}' is stated twice; keep one of them.")
            seen.add(relation.key)
        _check_names(self)

    @property
    def latent(self) -> tuple[str, ...]:
        """Names of the latent variables, in order of appearance."""
        return _unique(r.lhs for r in self.relations if r.op == "=~")

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of the observed variables, in order of appearance."""
        latent = set(self.latent)
        names = (n for r in self.relations for n in (r.lhs, r.rhs) if n and n not in latent)
        return _unique(names)

    @property
    def between(self) -> tuple[str, ...]:
        """Latent variables that several waves of a variable measure: stable levels, slopes."""
        loadings = [(r.lhs, i) for i, r in self._of_waves() if r.fixed != 0.0]
        return _unique(name for name, i in loadings if loadings.count((name, i)) > 1)

    @property
    def within(self) -> tuple[str, ...]:
        """Latent variables of a single wave of a panel variable, or of a step between two."""
        between = set(self.between)
        return _unique(r.lhs for _, r in self._of_waves() if r.lhs not in between)

    def _of_waves(self) -> Iterator[tuple[int, Relation]]:
        """The loadings of the panel's columns, with the number of the variable."""
        row = {column: i for i, (_, columns) in enumerate(self.waves) for column in columns}
        return ((row[r.rhs], r) for r in self.relations if r.op == "=~" and r.rhs in row)

    def table(self, n_groups: int = 1) -> ParameterTable:
        """Lay the model out over a number of groups, with everything that is implied.

        Parameters
        ----------
        n_groups
            Number of groups.

        Returns
        -------
        ParameterTable
            One row per parameter and group.

        Raises
        ------
        ModelError
            If a vector of labels or values does not have one entry per group, parameters with one
            label are fixed at different values, or there is no group.
        """
        require_whole("n_groups", n_groups, 1)
        rows = _tied(list(_rows(self._complete(), n_groups)))
        positions: dict[object, int] = {}
        numbered = [_numbered(row, positions) for row in rows]
        return ParameterTable(
            self.observed,
            self.latent,
            n_groups,
            len(positions),
            tuple(numbered),
            tuple(self._definitions(n_groups)),
            tuple(self._constraints(n_groups)),
            self.auxiliary,
        )

    def __repr__(self) -> str:
        latent = f", {len(self.latent)} latent" if self.latent else ""
        return f"<Model {self.kind}: {len(self.observed)} observed{latent} variables>"

    def degrees_of_freedom(self, n_groups: int = 1) -> int:
        """Count the means and covariances of the data less the estimated parameters.

        Parameters
        ----------
        n_groups
            Number of groups.

        Raises
        ------
        ModelError
            As :meth:`table`.
        """
        return self.table(n_groups).degrees_of_freedom

    def to_lavaan(self, n_groups: int = 1) -> str:
        """Write the model in lavaan's syntax, with everything said, for ``lavaan()``.

        ``lavaan(model, data, int.ov.free=TRUE)`` fits it there, and
        :func:`crosslag.parse` with ``auto="none"`` reads it here.

        Parameters
        ----------
        n_groups
            Number of groups, for labels and values that differ between them.

        Raises
        ------
        ModelError
            If a variable or label has a name that R does not take as one.
        """
        from crosslag.export import to_lavaan

        return to_lavaan(self, n_groups)

    def to_mplus(self, n_groups: int = 1) -> str:
        """Write the model as Mplus input: VARIABLE, ANALYSIS, MODEL and MODEL CONSTRAINT.

        Names are cut to eight characters, which comments explain. It writes no DATA, GROUPING and
        ESTIMATOR lines; add them.

        Parameters
        ----------
        n_groups
            Number of groups; they are called ``g1``, ``g2``, ...
        """
        from crosslag.export import to_mplus

        return to_mplus(self, n_groups)

    def _definitions(self, n_groups: int) -> Iterator[DefinedRow]:
        for definition in self.definitions:
            if not definition.within_group or n_groups == 1:
                plain = replace(definition, within_group=False)
                yield DefinedRow(plain, self._group_of(plain, n_groups))
                continue
            for group in range(n_groups):
                names = self._names_within(group)
                expression = renamed(definition.expression, names)
                yield DefinedRow(Definition(names[definition.name], expression), group)

    def _group_of(self, definition: Definition, n_groups: int) -> int:
        """Say which one group has all the parameters of a definition; -1 if there is no such."""
        if n_groups == 1:
            return 0
        owners: dict[str, set[int]] = {}
        for row in _rows(self.relations, n_groups):
            owners.setdefault(row.label, set()).add(row.group)
        for earlier in self.definitions:
            named = [owners.get(name, set()) for name in labels(earlier.expression)]
            owners[earlier.name] = set.intersection(*named) if named else set()
        groups = owners[definition.name]
        return groups.pop() if len(groups) == 1 else -1

    def _constraints(self, n_groups: int) -> Iterator[Constraint]:
        for c in self.constraints:
            if not c.within_group:
                yield c
                continue
            where = {"first": range(1), "others": range(1, n_groups)}.get(c.groups, range(n_groups))
            for group in where:
                names = self._names_within(group) if n_groups > 1 else {}
                other = self._names_within(0) if c.groups == "others" else names
                yield Constraint(renamed(c.left, names), c.operator, renamed(c.right, other))

    def _names_within(self, group: int) -> dict[str, str]:
        """Say how the labels that each group has for itself are called in one group."""
        own = {
            label: _suffixed(label, group)
            for r in self.relations
            if r.within_group
            for label in _each(r.label)
        }
        own |= {d.name: _suffixed(d.name, group) for d in self.definitions if d.within_group}
        return own

    def _complete(self) -> list[Relation]:
        """The stated relations, then the implied ones: variances, means and intercepts."""
        stated = {r.key for r in self.relations}
        implied = [
            *(Relation(x, "~~", x, fixed=0.0) for x in self.observed + self.latent),
            *(Relation(x, "~1") for x in self.observed),
            *(Relation(x, "~1", fixed=0.0) for x in self.latent),
        ]
        return [*self.relations, *(r for r in implied if r.key not in stated)]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def _suffixed(label: str, group: int) -> str:
    return f"{label}.g{group + 1}"


def _check_names(model: Model) -> None:
    """Refuse labels that nothing bears, and defined parameters that are defined twice.

    Raises
    ------
    ModelError
        Naming the expression.
    """
    known = {label for r in model.relations for label in _each(r.label) if label}
    if not (model.definitions or model.constraints):
        return
    for definition in model.definitions:
        if definition.name in known:
            raise ModelError(f"'{definition}': a parameter or definition has that name already.")
        _require_known(definition, labels(definition.expression), known)
        known.add(definition.name)
    for constraint in model.constraints:
        named = [*labels(constraint.left), *labels(constraint.right)]
        if not named:
            raise ModelError(f"'{constraint}' names no parameter, so it constrains nothing.")
        _require_known(constraint, named, known)


def _require_known(statement: object, named: Iterable[str], known: Collection[str]) -> None:
    unknown = [name for name in _unique(named) if name not in known]
    if unknown:
        raise ModelError(
            f"'{statement}': no parameter has the label {', '.join(unknown)}; label it"
            " (label*variable), or define it before this."
        )


def _rows(relations: Sequence[Relation], n_groups: int) -> Iterator[ParameterRow]:
    for group in range(n_groups):
        for r in relations:
            label = _of_group(r, r.label, group, n_groups)
            if label and r.within_group and n_groups > 1:
                label = _suffixed(label, group)
            if r.first_group and group:
                label = ""
            fixed = _of_group(r, r.fixed, group, n_groups)
            start = _of_group(r, r.start, group, n_groups)
            value, free = (0.0, 0) if fixed is None else (fixed, -1)
            yield ParameterRow(group, r.lhs, r.op, r.rhs, label, free, value, start)


def _tied(rows: list[ParameterRow]) -> list[ParameterRow]:
    """Fix parameters that share the label of a fixed one, as they are the same parameter."""
    values: dict[str, float] = {}
    for row in rows:
        if row.label and row.free < 0 and values.setdefault(row.label, row.value) != row.value:
            raise ModelError(
                f"'{row.name}': its label {row.label} is that of a parameter fixed at"
                f" {values[row.label]:g}, but it is fixed at {row.value:g}; use another label."
            )
    return [
        replace(row, free=-1, value=values[row.label]) if row.label in values else row
        for row in rows
    ]


def _of_group(relation: Relation, value: _T | tuple[_T, ...], group: int, n_groups: int) -> _T:
    if not isinstance(value, tuple):
        return value
    if len(value) != n_groups:
        raise ModelError(
            f"'{relation}' states {len(value)} values or labels, but there are {n_groups} group(s);"
            " state one for all groups or one for each."
        )
    return value[group]


def _numbered(row: ParameterRow, positions: dict[object, int]) -> ParameterRow:
    if row.free < 0:
        return row
    key: object = row.label or (row.group, row.lhs, row.op, row.rhs)
    return replace(row, free=positions.setdefault(key, len(positions)))
