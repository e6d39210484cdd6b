"""Alerts about participants, and who looked after them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from longwave.services import safety
from longwave.services.safety import ShownAlert
from longwave.web.api.auth import Bearer, reading, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import AlertNote
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}/alerts", tags=["alerts"])


class Alert(BaseModel):
    """A safety rule that a participant's answers have set off."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    participant: str
    site: str
    rule: str
    raised_at: datetime
    next_at: datetime | None = Field(description="When others are reminded or told next.")
    escalations: int = Field(description="How often that happened so far.")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None = Field(description="What was done. Null for blinded staff.")

    @classmethod
    def of(cls, alert: ShownAlert) -> Alert:
        """Take an alert as its reader may see it."""
        return cls.model_validate(alert)


@router.get("")
def read_alerts(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    acknowledged: Annotated[
        bool, Query(description="Those that were looked after instead.")
    ] = False,
) -> list[Alert]:
    """Return the alerts at your sites that nobody has acknowledged, the oldest first."""
    with reading(bearer, edge, slug) as here:
        found = safety.read_alerts(here.session, here.study, here.viewer, acknowledged=acknowledged)
    return [Alert.of(alert) for alert in found]


@router.post("/{name}/acknowledgement", status_code=204, responses=REFUSED)
def acknowledge(
    slug: str,
    name: Annotated[str, Path(max_length=100, description="The `name` of the alert.")],
    body: AlertNote,
    bearer: Bearer,
    edge: AtEdge,
) -> Response:
    """Record that you looked after an alert, and what was done; nobody is reminded again."""
    with writing(bearer, edge, slug) as here:
        safety.acknowledge(
            here.session,
            here.study,
            name,
            note=body.note,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return Response(status_code=204)
