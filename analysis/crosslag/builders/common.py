"""What the builders share: checks of what they are given, and names."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import gcd
from numbers import Real

from crosslag.errors import ModelError
from crosslag.model import Relation

__all__ = [
    "EQUALITIES",
    "Waves",
    "checked_columns",
    "covariances",
    "equalities",
    "free_name",
    "number_of_waves",
    "steps",
]

Waves = Mapping[str, Sequence[str]]
_MOST_STEPS = 60
EQUALITIES = (
    "lags", "lags_across_groups", "standardised_lags", "residuals", "stationary", "means",
)  # fmt: skip


def number_of_waves(panel: Mapping[str, Sequence[object]], title: str, *, least: int) -> int:
    """Count the waves.

    Raises
    ------
    ModelError
        If they are too few.
    """
    count = len(next(iter(panel.values())))
    if count < least:
        raise ModelError(f"{title} needs at least {least} waves; there are {count}.")
    return count


def checked_columns(role: str, names: object) -> tuple[str, ...]:
    """Check a list of columns.

    Raises
    ------
    ModelError
        If it is none.
    """
    if not isinstance(names, Iterable) or isinstance(names, str | Mapping):
        raise ModelError(f"{role}={names!r}: give a list of columns.")
    found = tuple(names)
    if not all(isinstance(name, str) and name for name in found):
        raise ModelError(f"{role}={list(found)}: the names of columns are texts.")
    return found


def equalities(equal: Collection[str], known: Sequence[str]) -> frozenset[str]:
    """Check the names of equalities, and add what follows from them.

    Where effects and residuals are the same at every step, the effects are still the same once
    standardised only if variances do not change: in equilibrium.

    Raises
    ------
    ModelError
        If one is unknown.
    """
    if not isinstance(equal, Collection):
        raise ModelError(f"equal={equal!r}: give a list, such as ({known[0]!r},).")
    options = frozenset((equal,) if isinstance(equal, str) else equal)
    unknown = sorted(map(str, options.difference(known)))
    if unknown:
        raise ModelError(f"equal={unknown}: unknown here; choose among {list(known)}.")
    if options.issuperset({"lags", "residuals", "standardised_lags"}):
        options |= {"stationary"}
    return options - {"standardised_lags"} if "stationary" in options else options


def steps(times: Sequence[int] | None, n_waves: int, options: frozenset[str]) -> list[int]:
    """Say at which equally long steps the waves lie, the first at 0.

    Raises
    ------
    ModelError
        If times do not fit the waves, are too fine, or effects over unequal intervals are not
        tied.
    """
    if times is None:
        return list(range(n_waves))
    if not isinstance(times, Iterable) or isinstance(times, str):
        raise ModelError(f"times={times!r}: give a list of {n_waves} whole numbers.")
    times = list(times)
    if len(times) != n_waves or not all(
        isinstance(t, Real) and math.isfinite(t) and int(t) == t for t in times
    ):
        raise ModelError(f"times={times}: give a whole number for each of {n_waves} waves.")
    gaps = [int(b) - int(a) for a, b in pairwise(times)]
    if min(gaps) <= 0:
        raise ModelError(f"times={times} must increase from wave to wave.")
    unit = gcd(*gaps)
    tied = "stationary" in options or options.issuperset({"lags", "residuals"})
    if max(gaps) > unit and not tied:
        raise ModelError(
            "Over unequal intervals lagged effects and residuals have to be the same in every step;"
            ' add equal=("lags", "residuals") or equal="stationary".'
        )
    if sum(gaps) // unit > _MOST_STEPS:
        raise ModelError(
            f"times={times} make {sum(gaps) // unit} steps, for each of which the model has a"
            " latent variable; round them to larger units, such as months instead of days."
        )
    return [(int(t) - int(times[0])) // unit for t in times]


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Find a name that is not taken yet, with underscores behind the wanted one."""
    while wanted in taken:
        wanted += "_"
    return wanted


def covariances(
    names: Sequence[str], labels: Mapping[tuple[str, str], str] | None = None
) -> Iterator[Relation]:
    """State all variances and covariances; ``labels`` are by pair, for each group its own."""
    for a, b in [*((name, name) for name in names), *combinations(names, 2)]:
        yield Relation(a, "~~", b, label=(labels or {}).get((a, b), ""), within_group=True)
