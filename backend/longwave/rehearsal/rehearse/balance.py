"""How evenly chance filled the arms, in all and within each stratum."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from longwave.domain.protocol.model import Protocol
from longwave.rehearsal.rehearse.facts import Facts


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum: people by arm, and the largest distance from the ratio, in people."""

    stratum: str
    arms: Mapping[str, int]
    off: float


@dataclass(frozen=True, slots=True)
class Balance:
    """The arms of a randomised study."""

    arms: Mapping[str, int]
    off: float
    strata: tuple[Stratum, ...]


def balance(facts: Facts, protocol: Protocol) -> Balance | None:
    """Count people by arm and stratum; None in a study without arms."""
    plan = protocol.randomisation
    if plan is None:
        return None
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for who in facts.people:
        if who.arm is not None:
            counts[who.stratum or ""][who.arm] += 1
    whole = sum(counts.values(), Counter())
    return Balance(
        arms={arm: whole[arm] for arm in plan.ratio},
        off=_off(whole, plan.ratio),
        strata=tuple(
            Stratum(name, {arm: found[arm] for arm in plan.ratio}, _off(found, plan.ratio))
            for name, found in sorted(counts.items())
        ),
    )


def _off(counts: Mapping[str, int], ratio: Mapping[str, int]) -> float:
    total, shares = sum(counts.values()), sum(ratio.values())
    return round(
        max(abs(counts.get(arm, 0) - total * share / shares) for arm, share in ratio.items()), 2
    )
