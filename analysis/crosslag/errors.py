"""What can go wrong, by name. Every message says what was wrong, where, and what to do."""

from __future__ import annotations

__all__ = ["CrosslagError", "DataError", "ModelError"]


class CrosslagError(ValueError):
    """Base of all errors that crosslag raises on purpose."""


class ModelError(CrosslagError):
    """The model can't be what was meant: unknown names, too few waves, too many parameters."""


class DataError(CrosslagError):
    """The data can't be analysed as asked: an unknown or constant column, text, no coverage."""
