"""What lavaan's ``sem()`` adds to a model, and which variables count as exogenous."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from crosslag.model import Relation

__all__ = ["exogenous_observed", "with_defaults"]

Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Roles:
    """Which part every variable plays, in order of appearance."""

    latent: tuple[str, ...]
    observed: tuple[str, ...]
    indicators: frozenset[str]
    outcomes: frozenset[str]
    predictors: tuple[str, ...]
    mentioned: frozenset[str]

    @classmethod
    def of(cls, relations: Sequence[Relation]) -> _Roles:
        latent = dict.fromkeys(r.lhs for r in relations if r.op == "=~")
        named = dict.fromkeys(n for r in relations for n in (r.lhs, r.rhs) if n)
        return cls(
            tuple(latent),
            tuple(name for name in named if name not in latent),
            frozenset(r.rhs for r in relations if r.op == "=~"),
            frozenset(r.lhs for r in relations if r.op == "~"),
            tuple(dict.fromkeys(r.rhs for r in relations if r.op == "~")),
            frozenset(n for r in relations if r.op in ("~~", "~1") for n in (r.lhs, r.rhs)),
        )

    @property
    def exogenous_observed(self) -> tuple[str, ...]:
        taken = self.indicators | self.outcomes | self.mentioned | set(self.latent)
        return tuple(name for name in self.predictors if name not in taken)

    @property
    def exogenous_latent(self) -> tuple[str, ...]:
        taken = self.indicators | self.outcomes
        return tuple(name for name in self.latent if name not in taken)

    @property
    def last_outcomes(self) -> tuple[str, ...]:
        """Outcomes that predict and measure nothing; their residuals covary by default."""
        ends = self.outcomes - self.indicators - set(self.predictors)
        return tuple(name for name in (*self.latent, *self.observed) if name in ends)


def exogenous_observed(relations: Sequence[Relation]) -> tuple[str, ...]:
    """Name observed predictors that nothing predicts, and of which nothing else is said."""
    return _Roles.of(relations).exogenous_observed


def with_defaults(relations: Sequence[Relation], freed: Collection[Key]) -> list[Relation]:
    """Add what ``sem()`` adds; ``freed`` are parameters that were stated as ``NA*``.

    Added are free variances (none for the single indicator of a latent variable), covariances of
    exogenous latent variables, of exogenous observed ones, and of the outcomes that predict
    nothing. The first loading of a latent variable becomes 1 unless a number or ``NA`` was stated.
    """
    scaled = list(_with_markers(relations, freed))
    stated = {relation.key for relation in relations}
    return [*scaled, *(r for r in _added(_Roles.of(relations), relations) if r.key not in stated)]


def _with_markers(relations: Sequence[Relation], freed: Collection[Key]) -> Iterator[Relation]:
    scaled: set[str] = set()
    for relation in relations:
        first = relation.op == "=~" and relation.lhs not in scaled
        if first:
            scaled.add(relation.lhs)
        if first and relation.fixed is None and relation.key not in freed:
            yield replace(relation, fixed=1.0)
        else:
            yield relation


def _added(roles: _Roles, relations: Sequence[Relation]) -> Iterator[Relation]:
    single = _single_indicators(relations)
    exogenous = roles.exogenous_observed
    for name in (*roles.observed, *roles.latent):
        if name not in single and name not in exogenous:
            yield Relation(name, "~~", name)
    for a, b in combinations(roles.exogenous_latent, 2):
        yield Relation(a, "~~", b)
    for a, b in combinations(roles.last_outcomes, 2):
        yield Relation(a, "~~", b)
    for i, name in enumerate(exogenous):
        yield Relation(name, "~~", name)
        for other in exogenous[i + 1 :]:
            yield Relation(name, "~~", other)


def _single_indicators(relations: Sequence[Relation]) -> set[str]:
    """Name indicators that measure one latent variable, which has no other indicator."""
    measures = [r for r in relations if r.op == "=~"]
    latent = [r.lhs for r in measures]
    indicators = [r.rhs for r in measures]
    return {r.rhs for r in measures if latent.count(r.lhs) == 1 and indicators.count(r.rhs) == 1}
