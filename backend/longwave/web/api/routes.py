"""The API: what the console shows and does, for programs. Every route demands a token."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from longwave.web.api import (
    alerts,
    bounces,
    consort,
    courses,
    events,
    messages,
    participants,
    people,
    randomisation,
    screenings,
    studies,
    unblinding,
)
from longwave.web.api.auth import require_token
from longwave.web.api.failures import FAILURES

router = APIRouter(prefix="/api/v1", responses=FAILURES, dependencies=[Depends(require_token)])
for module in (
    studies,
    consort,
    screenings,
    participants,
    people,
    courses,
    unblinding,
    randomisation,
    events,
    messages,
    alerts,
    bounces,
):
    router.include_router(module.router)
