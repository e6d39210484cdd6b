"""Permuted blocks of random size within strata: balanced at the end of each, and unforeseeable."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from longwave.domain.randomisation.draws import Draws
from longwave.domain.randomisation.settings import SealedSettings


def arm_at(settings: SealedSettings, list_name: str, position: int) -> str:
    """Return the arm at a position (from 0) of the list of one stratum."""
    return next(islice(allocation_list(settings, list_name), position, None))


def allocation_list(settings: SealedSettings, list_name: str) -> Iterator[str]:
    """Yield the endless list of arms of one stratum."""
    return chain.from_iterable(blocks(settings, list_name))


def blocks(settings: SealedSettings, list_name: str) -> Iterator[list[str]]:
    """Yield the blocks of one stratum, drawn from the stream of the list's name.

    Each block's size is one of ``block_sizes``, each equally likely. It holds every arm by its
    share, in an order that Fisher and Yates's shuffle draws (from the last place down).
    """
    draws = Draws(settings.seed, list_name)
    unit = [arm for arm in sorted(settings.ratio) for _ in range(settings.ratio[arm])]
    while True:
        size = settings.block_sizes[draws.below(len(settings.block_sizes))]
        block = unit * (size // len(unit))
        for last in range(len(block) - 1, 0, -1):
            other = draws.below(last + 1)
            block[last], block[other] = block[other], block[last]
        yield block
