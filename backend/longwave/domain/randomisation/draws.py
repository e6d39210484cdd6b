"""Chance from a key: the same draws for whoever holds it, and no pattern for anybody else."""

from __future__ import annotations

import hmac
from bisect import bisect
from collections.abc import Iterator, Mapping
from itertools import accumulate

_WORD = 4
WORDS = 1 << 32
"""How many values a word of the stream can have."""


class Draws:
    """Even draws from a stream that a seed and a name fix.

    The stream is HMAC-SHA-256 under the seed, over ``name``, a line feed and a counter from 0,
    read as big-endian words of 32 bits. So any language's standard library can replay it.
    """

    def __init__(self, seed: bytes, name: str) -> None:
        self._words = _words(seed, name)

    def word(self) -> int:
        """Return the next word, an integer below 2**32."""
        return next(self._words)

    def below(self, bound: int) -> int:
        """Return an integer below ``bound``, each equally likely: words beyond are rejected."""
        limit = WORDS // bound * bound
        return next(word for word in self._words if word < limit) % bound

    def share(self, shares: Mapping[str, int]) -> str:
        """Return one of the names in ``shares``, as likely as its share."""
        names = sorted(shares)
        ends = list(accumulate(shares[name] for name in names))
        return names[bisect(ends, self.below(ends[-1]))]


def _words(seed: bytes, name: str) -> Iterator[int]:
    counter = 0
    while True:
        digest = hmac.digest(seed, f"{name}\n{counter}".encode(), "sha256")
        for start in range(0, len(digest), _WORD):
            yield int.from_bytes(digest[start : start + _WORD], "big")
        counter += 1
