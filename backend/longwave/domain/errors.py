"""Every failure that a user can meet: what was wrong, where, and what to do.

The web layer maps these classes to HTTP statuses in one place; the command line prints
them. Nothing else in the project needs to know about either.
"""

from __future__ import annotations

from datetime import datetime


class LongwaveError(Exception):
    """A failure that can be explained to the person who caused or met it.

    Parameters
    ----------
    message
        What was wrong, and where.
    remedy
        What to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class NotFoundError(LongwaveError):
    """There is no such thing, or none that this person may see."""


class InvalidInputError(LongwaveError):
    """The input breaks a rule; ``fields`` says which part of it and why."""

    def __init__(
        self, message: str, remedy: str = "", fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, remedy)
        self.fields = fields or {}


class NotAllowedError(LongwaveError):
    """This person may not do this."""


class RefusedTransitionError(LongwaveError):
    """The study or the participant is not in a state that allows this."""


class TooOftenError(LongwaveError):
    """Something was asked for too often; ``again_at`` is from when on it can be asked for again."""

    def __init__(self, message: str, remedy: str, again_at: datetime) -> None:
        super().__init__(message, remedy)
        self.again_at = again_at


class ListEndedError(RefusedTransitionError):
    """An uploaded list of arms has no place left."""


class ConsentNeededError(RefusedTransitionError):
    """A newer version of the consent document has to be signed first."""


class LinkExpiredError(LongwaveError):
    """The window of the assessment that the link leads to has closed."""


class LinkUsedError(LongwaveError):
    """The assessment that the link leads to was completed already."""


class ConfigurationError(LongwaveError):
    """A setting is missing or unusable."""
