"""Sealed settings: what decides who comes to which arm, and what nobody who enrols may know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

from longwave.domain.errors import ConfigurationError, InvalidInputError
from longwave.domain.protocol.model import Minimisation, RandomisationMethod, RandomisationPlan
from longwave.domain.randomisation.draws import Draws
from longwave.domain.randomisation.strata import ALL, CLUSTERS

_LARGEST = 4
_OLDEST: RandomisationMethod = "permuted_blocks"


@dataclass(frozen=True, slots=True, repr=False)
class SealedSettings:
    """A method and what it draws by. No text made of it tells anything.

    ``seed`` has 256 bits; in an uploaded list, from which nothing is drawn, it keeps the
    commitment from being guessed. ``block_sizes`` are multiples of the sum of ``ratio``.
    ``lists`` holds arms by the name of the list. In minimisation ``weights`` holds each
    factor's weight, in the order of the protocol.
    """

    method: RandomisationMethod
    seed: bytes
    ratio: Mapping[str, int]
    block_sizes: tuple[int, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    probability: float = 1.0
    imbalance: Literal["range", "variance"] = "range"

    def __repr__(self) -> str:
        return "SealedSettings(sealed)"

    def to_json(self) -> str:
        """Return the canonical JSON form, with what the method draws by and nothing else.

        Permuted blocks name no method, as in studies from before there were others.
        """
        data: dict[str, Any] = {"seed": self.seed.hex(), "ratio": dict(self.ratio)}
        if self.method == "permuted_blocks":
            data["block_sizes"] = list(self.block_sizes)
        else:
            data["method"] = self.method
        if self.method == "list":
            data["lists"] = {name: list(arms) for name, arms in self.lists.items()}
        if self.method == "minimisation":
            data["weights"] = list(map(list, self.weights.items()))
            data["probability"] = self.probability
            data["imbalance"] = self.imbalance
        return json.dumps(data, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SealedSettings:
        """Read what `to_json` wrote.

        Raises
        ------
        ConfigurationError
            If it is something else; without saying what.
        """
        try:
            data = json.loads(text)
            return cls(
                method=data.get("method", _OLDEST),
                seed=bytes.fromhex(data["seed"]),
                ratio=data["ratio"],
                block_sizes=tuple(data.get("block_sizes", ())),
                lists={name: tuple(arms) for name, arms in data.get("lists", {}).items()},
                weights=dict(data.get("weights", ())),
                probability=data.get("probability", 1.0),
                imbalance=data.get("imbalance", "range"),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                "The sealed settings of a randomisation cannot be read.",
                "Restore the database from a backup.",
            ) from None

    def commitment(self) -> str:
        """Return the SHA-256 of the canonical form, which fixes it without telling it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def make_settings(
    plan: RandomisationPlan, seed: bytes, lists: Mapping[str, Sequence[str]] | None = None
) -> SealedSettings:
    """Return the settings of a plan.

    Parameters
    ----------
    seed
        256 random bits.
    lists
        The uploaded list of each stratum (``all`` without strata), if that is the method. A
        trial run may have them in its protocol.

    Raises
    ------
    InvalidInputError
        If lists are missing, or given for another method; or if blocks could not be balanced.
    """
    if lists and plan.method != "list":
        raise InvalidInputError(
            f"Lists were given, but the protocol's method is {plan.method}.",
            "Leave them out, or write method: list into the protocol.",
        )
    if plan.method == "simple":
        return SealedSettings("simple", seed, dict(plan.ratio))
    if plan.method == "permuted_blocks":
        return SealedSettings(
            "permuted_blocks", seed, dict(plan.ratio), block_sizes=_block_sizes(plan, seed)
        )
    if plan.method == "minimisation":
        return _minimisation(plan, seed)
    return SealedSettings("list", seed, dict(plan.ratio), lists=_lists(plan, lists))


def _block_sizes(plan: RandomisationPlan, seed: bytes) -> tuple[int, ...]:
    """Return the sizes given; or draw two or three of 1 to 4 times the sum of the ratio."""
    total = sum(plan.ratio.values())
    if plan.inline and plan.inline.block_sizes:
        if any(size < 1 or size % total for size in plan.inline.block_sizes):
            raise InvalidInputError(
                "A block could not hold the arms in their ratio.",
                f"Write block sizes that are multiples of {total}.",
            )
        return plan.inline.block_sizes
    sets = [chosen for count in (2, 3) for chosen in combinations(range(1, _LARGEST + 1), count)]
    chosen = sets[Draws(seed, "block sizes").below(len(sets))]
    return tuple(factor * total for factor in chosen)


def _minimisation(plan: RandomisationPlan, seed: bytes) -> SealedSettings:
    rules = plan.minimisation or Minimisation({}, probability=1.0, imbalance="range")
    return SealedSettings(
        "minimisation",
        seed,
        dict(plan.ratio),
        weights={factor: float(rules.weights.get(factor, 1)) for factor in plan.strata},
        probability=float(rules.probability),
        imbalance=rules.imbalance,
    )


def _lists(
    plan: RandomisationPlan, lists: Mapping[str, Sequence[str]] | None
) -> dict[str, tuple[str, ...]]:
    given = lists or (plan.inline.lists if plan.inline else None)
    if not given:
        raise InvalidInputError(
            "The protocol's method is a list, and none was given.",
            "Give one with --lists FILE.csv; docs/randomisation.md describes it.",
        )
    strange = sorted({arm for arms in given.values() for arm in arms} - set(plan.ratio))
    if strange:
        raise InvalidInputError(
            f"The lists name {', '.join(strange)}, to which nobody can be allocated.",
            f"Write only {', '.join(sorted(plan.ratio))}.",
        )
    whole = CLUSTERS if plan.cluster else ALL
    return {whole if name == ALL else name: tuple(arms) for name, arms in given.items()}
