"""Strata and the names of lists: which list somebody, or a cluster, is next on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from longwave.domain.protocol.model import Protocol, RandomisationPlan

ALL = "all"
"""The stratum of everybody where there are no factors, and the one list of a minimisation."""

CLUSTERS = "clusters"
"""The one list of clusters where there are no strata of clusters."""

Levels = Mapping[str, str]
"""The level of each factor."""


def stratum_of(factors: Sequence[str], levels: Mapping[str, object]) -> str:
    """Return the stratum: ``factor=level`` joined by ``|``, in the protocol's order."""
    return "|".join(f"{factor}={levels[factor]}" for factor in factors) or ALL


def levels_of(factors: Sequence[str], stratum: str) -> dict[str, str]:
    """Return the levels that `stratum_of` made a stratum of.

    Raises
    ------
    ValueError
        If it is not a stratum of these factors.
    """
    pattern = r"\|".join(f"{re.escape(factor)}=(.*)" for factor in factors) or ALL
    found = re.fullmatch(pattern, stratum, re.DOTALL)
    if found is None:
        raise ValueError("This is not a stratum of these factors.")
    return dict(zip(factors, found.groups(), strict=True))


def list_of(plan: RandomisationPlan, stratum: str) -> str:
    """Return the list on which a participant, or a cluster, of a stratum is allocated."""
    if plan.method == "minimisation" or not plan.strata:
        return CLUSTERS if plan.cluster else ALL
    return stratum


def list_of_members(cluster: str) -> str:
    """Return the list on which members inherit a cluster's arm, in the order of joining."""
    return f"cluster:{cluster}"


def factor_levels(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """Return the levels that each factor of the strata can have, in the protocol's order."""
    plan = protocol.randomisation
    items = {item.id: item for item in protocol.eligibility.items}
    return {
        factor: tuple(protocol.sites)
        if factor == "site"
        else tuple(option.value for option in items[factor].options)
        for factor in (plan.strata if plan else ())
    }
