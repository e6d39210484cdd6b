"""How participants come to arms: one module for each method, and `next_arm`, which decides."""

from longwave.domain.randomisation.methods import next_arm, replay
from longwave.domain.randomisation.permuted_blocks import allocation_list, arm_at
from longwave.domain.randomisation.settings import SealedSettings, make_settings
from longwave.domain.randomisation.strata import (
    factor_levels,
    levels_of,
    list_of,
    list_of_members,
    stratum_of,
)
from longwave.domain.randomisation.uploaded import check_lists, read_lists

__all__ = [
    "SealedSettings",
    "allocation_list",
    "arm_at",
    "check_lists",
    "factor_levels",
    "levels_of",
    "list_of",
    "list_of_members",
    "make_settings",
    "next_arm",
    "read_lists",
    "replay",
    "stratum_of",
]
