"""Builders of the usual panel models."""

from __future__ import annotations

from crosslag.builders.cross_lagged import clpm
from crosslag.builders.dynamic import dpm, lcm_sr, starts
from crosslag.builders.measurement import longitudinal_cfa
from crosslag.builders.random_intercept import riclpm

__all__ = ["clpm", "dpm", "lcm_sr", "longitudinal_cfa", "riclpm", "starts"]
