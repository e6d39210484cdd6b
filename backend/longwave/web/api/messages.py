"""What became of messages, and what the team has to see to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from longwave.domain.blinding import Viewer
from longwave.services import tasks
from longwave.services.contact_load import ContactLoad, contact_load
from longwave.services.delivery_log import read_log
from longwave.web.api.answers import Message, MessagePage, Task
from longwave.web.api.auth import Bearer, reading, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import TaskNote
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}", tags=["messages"])


@router.get("/messages")
def messages(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    participant: Annotated[
        str | None, Query(max_length=20, description="The messages to this public id only.")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> MessagePage:
    """Return what became of a part of the messages, in the order in which they were planned."""
    with reading(bearer, edge, slug) as here:
        lines, total = read_log(
            here.session,
            here.study,
            here.viewer,
            public_id=participant,
            offset=offset,
            limit=limit,
        )
    return MessagePage(total=total, offset=offset, messages=[Message.of(line) for line in lines])


class Load(BaseModel):
    """What some people were sent, or may have been sent."""

    model_config = ConfigDict(from_attributes=True)

    people: int
    messages: dict[str, int]
    total: int
    per_person: float | None
    most: int = Field(description="What went to the one who got most of all.")


class MessageLoad(BaseModel):
    """The contact load of a study."""

    everybody: Load
    arms: dict[str, Load] | None = Field(description="Null for blinded staff.")

    @classmethod
    def seen(cls, found: ContactLoad, viewer: Viewer) -> MessageLoad:
        """Take of a contact load what somebody may see."""
        arms = found.arms.for_viewer(viewer)
        return cls(
            everybody=Load.model_validate(found.everybody),
            arms=arms and {arm: Load.model_validate(load) for arm, load in arms.items()},
        )


@router.get("/messages/load")
def message_load(slug: str, bearer: Bearer, edge: AtEdge) -> MessageLoad:
    """Return how many messages participants were sent, by kind."""
    with reading(bearer, edge, slug) as here:
        found = contact_load(here.session, here.study, here.viewer)
        return MessageLoad.seen(found, here.viewer)


@router.get("/tasks")
def read_tasks(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    done: Annotated[bool, Query(description="Those that were done instead.")] = False,
) -> list[Task]:
    """Return what the team has to see to at your sites, the oldest first."""
    with reading(bearer, edge, slug) as here:
        found = tasks.read_tasks(here.session, here.study, here.viewer, now=here.now, done=done)
    return [Task.of(task) for task in found]


@router.post("/tasks/{name}/done", status_code=204, responses=REFUSED)
def do_task(
    slug: str,
    name: Annotated[str, Path(max_length=100, description="The `name` of the task.")],
    body: TaskNote,
    bearer: Bearer,
    edge: AtEdge,
) -> Response:
    """Record that a task is done."""
    with writing(bearer, edge, slug) as here:
        tasks.do_task(
            here.session,
            here.study,
            name,
            note=body.note or "",
            viewer=here.viewer,
            now=here.now,
        )
    return Response(status_code=204)
