"""Course groups, attendance and doses. All of it tells arms: nobody who is blinded gets in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime

from longwave.domain.permissions import Action
from longwave.services import courses
from longwave.web.api.auth import Bearer, reading, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import Line, Name, Reason
from longwave.web.api.participants import PublicId
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}", tags=["courses"])

Programme = Annotated[str, Path(max_length=32, description="The course's id in the protocol.")]
GroupName = Annotated[str, Path(max_length=32, description="The group's name.")]
Number = Annotated[int, Path(ge=1, le=10_000, description="The session, from 1.")]
Minutes = Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewGroup(_Input):
    """A group that participants can join; what is left out is as the protocol says."""

    programme: Name
    name: Name
    site: Name | None = None
    facilitator: Name | None = Field(default=None, description="Address of who leads it.")
    format: Name = Field(default="online", description="`online` or `in_person`.")
    zone: Name | None = Field(default=None, description="By whose clocks it meets.")
    capacity: int | None = Field(default=None, ge=1, le=10_000)
    fill: bool = Field(default=False, description="Let those in who wait the longest.")


class Start(_Input):
    """When a group meets first."""

    first: NaiveDatetime = Field(description="Local time in the group's zone, without offset.")


class Joining(_Input):
    """The group to join."""

    programme: Name
    group: Name


class Attendance(_Input):
    """Who was at a session, with the minutes (null: all of it), and who was not."""

    present: dict[Name, Minutes | None] = Field(default={}, max_length=500)
    absent: list[Name] = Field(default=[], max_length=500)


class Entered(BaseModel):
    """How many lines were not there before."""

    entered: int


class DoseCorrection(_Input):
    """What is right of one dose, and why what was entered is wrong."""

    attended: bool
    minutes: Minutes | None = None
    reason: Line


class Group(BaseModel):
    """A course group as it stands."""

    model_config = ConfigDict(from_attributes=True)

    programme: str
    name: str
    site: str | None
    facilitator: str | None
    format: str
    zone: str
    first: str | None = Field(description="Local time of the first session, once it is fixed.")
    capacity: int
    members: list[str]
    sessions: list[datetime]
    closed: bool


class Dose(BaseModel):
    """One session of a course, or day's practice, of one participant."""

    model_config = ConfigDict(from_attributes=True)

    participant: str
    programme: str
    session: int
    group: str | None
    planned_at: datetime
    released_at: datetime | None
    opened_at: datetime | None
    done_at: datetime | None
    minutes: float | None
    attended: bool | None = Field(description="Null where nothing was written down yet.")
    source: str | None = Field(description="`self` or `staff`: who wrote it down.")


@router.get("/groups")
def groups(slug: str, bearer: Bearer, edge: AtEdge) -> list[Group]:
    """Return the groups at your sites. Not for the blinded."""
    with reading(bearer, edge, slug) as here:
        found = courses.list_groups(here.session, here.study, here.viewer).for_viewer(here.viewer)
    return [Group.model_validate(row) for row in found or []]


@router.post("/groups", status_code=204, responses=REFUSED)
def add_group(slug: str, body: NewGroup, bearer: Bearer, edge: AtEdge) -> Response:
    """Make a group. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.add_group(
            here.session,
            here.study,
            body.programme,
            body.name,
            site=body.site,
            facilitator=body.facilitator,
            form=body.format,
            zone=body.zone,
            capacity=body.capacity,
            viewer=here.viewer,
            now=here.now,
        )
        if body.fill:
            courses.fill(
                here.session,
                here.study,
                body.programme,
                body.name,
                viewer=here.viewer,
                now=here.now,
            )
    return Response(status_code=204)


@router.post("/groups/{programme}/{group}/start", status_code=204, responses=REFUSED)
def start_group(
    slug: str, programme: Programme, group: GroupName, body: Start, bearer: Bearer, edge: AtEdge
) -> Response:
    """Fix or move the first session of a group; the others follow from it. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.start_group(
            here.session,
            here.study,
            programme,
            group,
            body.first,
            viewer=here.viewer,
            now=here.now,
        )
    return Response(status_code=204)


@router.post("/groups/{programme}/{group}/closing", status_code=204, responses=REFUSED)
def close_group(
    slug: str, programme: Programme, group: GroupName, bearer: Bearer, edge: AtEdge
) -> Response:
    """Let nobody more into a group. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.close_group(
            here.session, here.study, programme, group, viewer=here.viewer, now=here.now
        )
    return Response(status_code=204)


@router.post("/groups/{programme}/{group}/sessions/{session}/attendance", responses=REFUSED)
def attend(
    slug: str,
    programme: Programme,
    group: GroupName,
    session: Number,
    body: Attendance,
    bearer: Bearer,
    edge: AtEdge,
) -> Entered:
    """Write down who was at a session and who was not. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        entered = courses.attend(
            here.session,
            here.study,
            programme,
            group,
            session,
            present=body.present,
            absent=body.absent,
            viewer=here.viewer,
            now=here.now,
        )
    return Entered(entered=entered)


@router.get("/doses")
def doses(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    programme: Annotated[str | None, Query(max_length=32)] = None,
) -> list[Dose]:
    """Return what was planned at your sites, and what was received. Not for the blinded."""
    with reading(bearer, edge, slug) as here:
        found = courses.dose_rows(here.session, here.study, here.viewer, programme=programme)
        rows = found.for_viewer(here.viewer)
    return [Dose.model_validate(row) for row in rows or []]


@router.post("/participants/{public_id}/group", status_code=204, responses=REFUSED)
def join(slug: str, public_id: PublicId, body: Joining, bearer: Bearer, edge: AtEdge) -> Response:
    """Give a participant a place in a group, or another place. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.join(
            here.session,
            here.participant(public_id, Action.RUN_PROGRAMME),
            body.programme,
            body.group,
            viewer=here.viewer,
            now=here.now,
        )
    return Response(status_code=204)


@router.post("/participants/{public_id}/group/leaving", status_code=204, responses=REFUSED)
def leave(slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge) -> Response:
    """Take a participant out of her group; she waits for another. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.leave(
            here.session,
            here.participant(public_id, Action.RUN_PROGRAMME),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return Response(status_code=204)


@router.post(
    "/participants/{public_id}/doses/{programme}/{session}/correction",
    status_code=204,
    responses=REFUSED,
)
def correct(
    slug: str,
    public_id: PublicId,
    programme: Programme,
    session: Number,
    body: DoseCorrection,
    bearer: Bearer,
    edge: AtEdge,
) -> Response:
    """Replace what was written down of a dose; the trail keeps both. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        courses.correct(
            here.session,
            here.participant(public_id, Action.RUN_PROGRAMME),
            programme,
            session,
            attended=body.attended,
            minutes=body.minutes,
            reason=body.reason,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return Response(status_code=204)
