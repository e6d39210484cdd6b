"""How participants come to arms: one module for each method."""

from longwave.domain.randomisation.permuted_blocks import (
    SealedSettings,
    allocation_list,
    arm_at,
    make_settings,
)

__all__ = ["SealedSettings", "allocation_list", "arm_at", "make_settings"]
