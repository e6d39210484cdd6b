"""Builders of the usual panel models."""

from __future__ import annotations

from crosslag.builders.cross_lagged import clpm, riclpm

__all__ = ["clpm", "riclpm"]
