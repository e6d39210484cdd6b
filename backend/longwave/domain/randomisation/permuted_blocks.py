"""Permuted blocks of random size within strata, replayable from a seed by anyone who has it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice

_WORD = 4
_LARGEST = 4


@dataclass(frozen=True, slots=True)
class SealedSettings:
    """What nobody who enrols may know.

    ``seed`` has 256 bits. Each block's size is drawn evenly from ``block_sizes``, which are
    multiples of the sum of ``ratio``.
    """

    seed: bytes
    block_sizes: tuple[int, ...]
    ratio: Mapping[str, int]

    def to_json(self) -> str:
        """Return the canonical JSON form."""
        return json.dumps(
            {
                "seed": self.seed.hex(),
                "block_sizes": list(self.block_sizes),
                "ratio": dict(self.ratio),
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> SealedSettings:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(bytes.fromhex(data["seed"]), tuple(data["block_sizes"]), data["ratio"])

    def commitment(self) -> str:
        """Return the SHA-256 that fixes these settings without telling them."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def make_settings(seed: bytes, ratio: Mapping[str, int]) -> SealedSettings:
    """Return settings whose block sizes are drawn too: two or three of 1 to 4 times the ratio."""
    total = sum(ratio.values())
    sets = [chosen for count in (2, 3) for chosen in combinations(range(1, _LARGEST + 1), count)]
    chosen = sets[_Draws(seed, "block sizes").below(len(sets))]
    return SealedSettings(seed, tuple(factor * total for factor in chosen), dict(ratio))


def arm_at(settings: SealedSettings, list_name: str, position: int) -> str:
    """Return the arm at a position (from 0) of the list of one stratum."""
    return next(islice(allocation_list(settings, list_name), position, None))


def allocation_list(settings: SealedSettings, list_name: str) -> Iterator[str]:
    """Yield the endless list of arms of one stratum.

    Every draw comes from HMAC-SHA-256 under the seed, over the list's name and a counter, so
    the list can be replayed with any language's standard library.
    """
    draws = _Draws(settings.seed, list_name)
    unit = [arm for arm in sorted(settings.ratio) for _ in range(settings.ratio[arm])]
    while True:
        size = settings.block_sizes[draws.below(len(settings.block_sizes))]
        block = unit * (size // len(unit))
        for last in range(len(block) - 1, 0, -1):
            other = draws.below(last + 1)
            block[last], block[other] = block[other], block[last]
        yield from block


class _Draws:
    """Uniform integers by rejection from a keyed stream of 32-bit words."""

    def __init__(self, seed: bytes, list_name: str) -> None:
        self._words = _words(seed, list_name)

    def below(self, bound: int) -> int:
        limit = (1 << 32) // bound * bound
        return next(word for word in self._words if word < limit) % bound


def _words(seed: bytes, list_name: str) -> Iterator[int]:
    counter = 0
    while True:
        digest = hmac.new(seed, f"{list_name}\n{counter}".encode(), hashlib.sha256).digest()
        for start in range(0, len(digest), _WORD):
            yield int.from_bytes(digest[start : start + _WORD], "big")
        counter += 1
