"""The one place that decides: who is next on a list comes to which arm."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from longwave.domain.randomisation import permuted_blocks, simple, uploaded
from longwave.domain.randomisation.minimisation import Balance, Earlier
from longwave.domain.randomisation.settings import SealedSettings
from longwave.domain.randomisation.strata import Levels

Replay = Callable[[Levels], str]
"""Gives the arms of a list one after another, each for the levels of who is next."""


def next_arm(
    settings: SealedSettings,
    list_name: str,
    position: int,
    levels: Levels,
    earlier: Earlier = (),
) -> str:
    """Return the arm at a position (from 0) of a list.

    ``levels`` and ``earlier`` (who was allocated before on this list) matter to minimisation
    alone.

    Raises
    ------
    ListEndedError
        If an uploaded list has come to its end.
    """
    if settings.method == "simple":
        return simple.arm_at(settings, list_name, position)
    if settings.method == "permuted_blocks":
        return permuted_blocks.arm_at(settings, list_name, position)
    if settings.method == "minimisation":
        return Balance(settings, earlier).choose(list_name, position, levels)
    return uploaded.arm_at(settings, list_name, position)


def replay(settings: SealedSettings, list_name: str) -> Replay:
    """Return what gives a list's arms from its first position on, each at the same cost."""
    if settings.method == "permuted_blocks":
        arms = permuted_blocks.allocation_list(settings, list_name)
        return lambda _: next(arms)
    if settings.method == "minimisation":
        return _replay_minimisation(settings, list_name)
    places = count()
    arm_at = simple.arm_at if settings.method == "simple" else uploaded.arm_at
    return lambda _: arm_at(settings, list_name, next(places))


def _replay_minimisation(settings: SealedSettings, list_name: str) -> Replay:
    balance = Balance(settings)
    places = count()

    def following(levels: Levels) -> str:
        arm = balance.choose(list_name, next(places), levels)
        balance.add(levels, arm)
        return arm

    return following
