"""What the API takes: shapes of their own, with limits, that know no table."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


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
