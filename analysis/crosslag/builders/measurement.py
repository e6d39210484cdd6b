"""Constructs measured by several indicators at every wave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias, get_args

from crosslag.builders.common import covariances, number_of_waves
from crosslag.errors import ModelError
from crosslag.model import Model, Relation
from crosslag.variables import checked_variables

__all__ = ["Invariance", "Measurement", "longitudinal_cfa"]

Invariance: TypeAlias = Literal["configural", "metric", "scalar", "strict"]
Indicators: TypeAlias = Mapping[str, Sequence[Sequence[str]]]


def longitudinal_cfa(
    indicators: Indicators,
    invariance: Invariance = "configural",
    *,
    unique_covariances: bool = True,
) -> Model:
    """Build a confirmatory factor analysis over time.

    Parameters
    ----------
    indicators
        Name of every construct and, for every wave, the list of its columns in the same order.
    invariance
        What is the same at every wave: ``"configural"`` nothing but the pattern, ``"metric"`` the
        loadings, ``"scalar"`` also the intercepts (means of the factors are free from the second
        wave on), ``"strict"`` also the unique variances. Groups share none of it.
    unique_covariances
        Whether what is unique to an indicator covaries between waves.

    Returns
    -------
    Model
        Factors are named after construct and wave (``sc1``). With p columns in all, k constructs
        of m indicators and T waves, configural ``degrees_of_freedom()`` is
        ``p * (p + 3) / 2 - 3 * p + k * T - (k * T) * (k * T + 1) / 2 - c``, c being the number of
        unique covariances, ``k * m * T * (T - 1) / 2``. Equal loadings add
        ``k * (m - 1) * (T - 1)``, equal intercepts as many, equal unique variances
        ``k * m * (T - 1)``.

    Raises
    ------
    ModelError
        If waves or indicators are unequal in number or repeated.
    """
    measurement = Measurement.of(indicators, invariance, unique_covariances=unique_covariances)
    number_of_waves(measurement.factors, "A longitudinal factor analysis", least=2)
    factors = [name for at in zip(*measurement.factors.values(), strict=True) for name in at]
    relations = [
        *measurement.loadings(),
        *covariances(factors),
        *measurement.uniquenesses(),
        *measurement.means(),
    ]
    kind = f"Longitudinal CFA, {invariance} invariance"
    return Model(tuple(relations), kind, tuple(measurement.factors.items()))


@dataclass(frozen=True)
class Measurement:
    """Indicators of constructs, and the names of the factors that they measure at every wave."""

    indicators: Mapping[str, Sequence[Sequence[str]]]
    factors: Mapping[str, tuple[str, ...]]
    invariance: Invariance
    unique_covariances: bool

    @classmethod
    def of(
        cls, indicators: Indicators, invariance: Invariance, *, unique_covariances: bool
    ) -> Measurement:
        """Check indicators and name the factors.

        Raises
        ------
        ModelError
            If waves or indicators are unequal in number or repeated.
        """
        if invariance not in get_args(Invariance):
            known = list(get_args(Invariance))
            raise ModelError(f"invariance={invariance!r} is unknown; use one of {known}.")
        if not isinstance(indicators, Mapping):
            raise ModelError(
                "Give the indicators as a dict of constructs, each with a list of columns for"
                f" every wave, not as {type(indicators).__name__}."
            )
        for name, waves in indicators.items():
            _require_indicators(name, waves)
        checked_variables({n: [f"{n} {i}" for i in range(len(w))] for n, w in indicators.items()})
        columns = [column for waves in indicators.values() for wave in waves for column in wave]
        repeated = sorted({c for c in columns if columns.count(c) > 1})
        if repeated:
            raise ModelError(f"Each column is one indicator at one wave; repeated: {repeated}.")
        joint = "" if not set(columns).intersection(_names(indicators, "")) else "_"
        factors = {
            name: tuple(f"{name}{joint}{wave + 1}" for wave in range(len(waves)))
            for name, waves in indicators.items()
        }
        if set(columns).intersection(_names(indicators, joint)):
            raise ModelError("Columns are named like the model's factors; rename them.")
        return cls(indicators, factors, invariance, unique_covariances)

    def loadings(self) -> Iterator[Relation]:
        """State loadings, the first of each factor being 1."""
        for name, waves in self.indicators.items():
            for wave, columns in enumerate(waves):
                for i, column in enumerate(columns):
                    label = self._label("load", name, i, "metric") if i else ""
                    fixed = None if i else 1.0
                    yield Relation(
                        self.factors[name][wave],
                        "=~",
                        column,
                        label=label,
                        fixed=fixed,
                        within_group=True,
                    )

    def uniquenesses(self) -> Iterator[Relation]:
        """State unique variances, and their covariances between waves."""
        for name, waves in self.indicators.items():
            for columns in waves:
                for i, column in enumerate(columns):
                    label = self._label("unique", name, i, "strict")
                    yield Relation(column, "~~", column, label=label, within_group=True)
        if self.unique_covariances:
            for waves in self.indicators.values():
                for same in zip(*waves, strict=True):
                    for a, b in combinations(same, 2):
                        yield Relation(a, "~~", b)

    def means(self) -> Iterator[Relation]:
        """State intercepts, and the factors' means."""
        for name, waves in self.indicators.items():
            for columns in waves:
                for i, column in enumerate(columns):
                    label = self._label("level", name, i, "scalar")
                    yield Relation(column, "~1", label=label, within_group=True)
        free = self._at_least("scalar")
        for factors in self.factors.values():
            for wave, factor in enumerate(factors):
                yield Relation(factor, "~1", fixed=None if free and wave else 0.0)

    def _at_least(self, level: Invariance) -> bool:
        levels = get_args(Invariance)
        return bool(levels.index(self.invariance) >= levels.index(level))

    def _label(self, kind: str, name: str, indicator: int, level: Invariance) -> str:
        return f"{kind}{indicator + 1}_{name}" if self._at_least(level) else ""


def _require_indicators(name: str, waves: object) -> None:
    complaint = f"'{name}' needs the same two or more indicators at every wave, as lists of columns"
    if not isinstance(waves, list | tuple) or not all(isinstance(w, list | tuple) for w in waves):
        raise ModelError(f"{complaint}; there is {waves!r}.")
    counts = {len(wave) for wave in waves}
    if len(counts) != 1 or min(counts) < 2:
        raise ModelError(f"{complaint}; there are {sorted(counts)}.")
    if not all(isinstance(column, str) and column for wave in waves for column in wave):
        raise ModelError(f"'{name}': the names of columns are texts; there is {waves!r}.")


def _names(indicators: Indicators, joint: str) -> set[str]:
    return {f"{n}{joint}{i + 1}" for n, waves in indicators.items() for i in range(len(waves))}
