"""Simple randomisation: each allocation drawn by itself, as likely as its share."""

from __future__ import annotations

from longwave.domain.randomisation.draws import Draws
from longwave.domain.randomisation.settings import SealedSettings


def arm_at(settings: SealedSettings, list_name: str, position: int) -> str:
    """Return the arm at a position (from 0), from the stream ``list``, line feed, position."""
    return Draws(settings.seed, f"{list_name}\n{position}").share(settings.ratio)
