"""What the API takes: shapes of their own, with limits, that know no table."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from longwave.domain.lifecycle import BounceKind, Channel, ScreeningOutcome

_WRITABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Nothing but what can be written: PostgreSQL stores no NUL, and nobody reads the others."""


def _text(longest: int) -> StringConstraints:
    return StringConstraints(
        strip_whitespace=True, min_length=1, max_length=longest, pattern=_WRITABLE
    )


Line = Annotated[str, _text(500)]
Name = Annotated[str, _text(100)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Approval(_Input):
    """The ethics approval of a draft, and where the study is registered or why not."""

    reference: Line
    approver: Line
    approved_on: date
    registry_id: Line | None = None
    exemption: Line | None = None
    lists: dict[Name, list[Name]] | None = Field(
        default=None, description="Arms in their order by stratum, for randomisation by list."
    )


class Opening(_Input):
    """Whether to practise only."""

    trial_run: bool = False


class Lock(_Input):
    """Whether to end what is under way, and why."""

    early: bool = False
    reason: Line | None = None


class Reason(_Input):
    """Why. It enters the audit trail as it is, and must name nobody."""

    reason: Line


class PerhapsReason(_Input):
    """Why, if that is known. It enters the audit trail as it is, and must name nobody."""

    reason: Line | None = None


class Choice(_Input):
    """Whether a further use of data or address is allowed."""

    use: Name
    allowed: bool


class Zone(_Input):
    """A time zone by its IANA name, and the first day in it; today if it is not given."""

    zone: Name
    since: date | None = None


class WaveRequest(_Input):
    """A wave that comes on request."""

    wave: Name


class Stratum(_Input):
    """The true level of each factor that was entered wrongly, and how it came about."""

    levels: dict[Name, Name] = Field(min_length=1, max_length=20)
    reason: Line


class AnswerCorrection(_Input):
    """The right value of one answer, null if there is none, and why the old one was wrong."""

    wave: Name
    occurrence: int = Field(default=1, ge=1, le=10_000)
    instrument: Name
    item: Name
    value: Line | None
    reason: Line


class Confirmation(_Input):
    """The participant's id, typed once more."""

    public_id: Name


class Screening(_Input):
    """Somebody who was thought of for the study and did not enrol.

    Of an address only a keyed hash is kept, by which the same person is found again.
    """

    site: Name
    outcome: ScreeningOutcome
    reason: Annotated[Line, Field(max_length=200)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)] | None = None


class Contact(_Input):
    """Another address or number (with its country's code), or by what messages go; and why."""

    email: Annotated[str, _text(254)] | None = None
    phone: Annotated[str, _text(40)] | None = None
    channel: Channel | None = None
    reason: Line


class TaskNote(_Input):
    """How a task was done. It enters the audit trail as it is, and must name nobody."""

    note: Line | None = None


class AlertNote(_Input):
    """What was done about an alert. It must name nobody; erasure erases it."""

    note: Line


class BounceReport(_Input):
    """A message that came back: its Message-ID, and how.

    `hard`: it never will be delivered; `soft`: not now; `complaint`: it was marked as unwanted.
    `status` is the enhanced status code, where one is known.
    """

    message_id: Line
    kind: BounceKind
    status: Annotated[str, _text(20)] | None = None

    @property
    def status_or_default(self) -> str:
        """The status, or the one that says nothing more than the kind."""
        return self.status or _STATUS[self.kind]


_STATUS = {BounceKind.HARD: "5.0.0", BounceKind.SOFT: "4.0.0", BounceKind.COMPLAINT: "abuse"}
