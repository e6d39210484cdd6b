"""Studies: looked at, and taken through their life."""

from __future__ import annotations

from fastapi import APIRouter

from longwave.domain.permissions import Action
from longwave.services import study as lifecycle
from longwave.services.overview import study_overview
from longwave.services.staff import studies_for
from longwave.web.api.answers import StudyDetail, StudyStep, StudySummary
from longwave.web.api.auth import AtStudy, Bearer, reading, who_with, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import Approval, Lock, Opening
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies", tags=["studies"])


@router.get("")
def studies(bearer: Bearer, edge: AtEdge) -> list[StudySummary]:
    """List the studies that you were granted."""
    with edge.database.reading() as session:
        who = who_with(bearer, edge, session)
        return [
            StudySummary.of(study_overview(session, study, viewer))
            for study, viewer in studies_for(session, who)
            if viewer.may(Action.SEE_STUDY)
        ]


@router.get("/{slug}")
def study(slug: str, bearer: Bearer, edge: AtEdge) -> StudyDetail:
    """Return a study at a glance, counted over your sites."""
    with reading(bearer, edge, slug) as here:
        overview = study_overview(here.session, here.study, here.viewer)
        return StudyDetail.seen(overview, here.viewer)


@router.post("/{slug}/approval", responses=REFUSED)
def approve(slug: str, body: Approval, bearer: Bearer, edge: AtEdge) -> StudyStep:
    """Record the approval of a draft; the settings of its randomisation are sealed for ever."""
    with writing(bearer, edge, slug) as here:
        lifecycle.approve_study(
            here.session,
            slug,
            reference=body.reference,
            approver=body.approver,
            approved_on=body.approved_on,
            registry_id=body.registry_id,
            exemption=body.exemption,
            lists=body.lists,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
        return _step(here)


@router.post("/{slug}/opening", responses=REFUSED)
def open_(slug: str, body: Opening, bearer: Bearer, edge: AtEdge) -> StudyStep:
    """Open a study to enrolment. The error names everything that keeps it from opening."""
    with writing(bearer, edge, slug) as here:
        lifecycle.open_study(
            here.session,
            slug,
            trial_run=body.trial_run,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
            unsafe=edge.settings.unsafe_for_participants,
        )
        return _step(here)


@router.post("/{slug}/closing", responses=REFUSED)
def close_enrolment(slug: str, bearer: Bearer, edge: AtEdge) -> StudyStep:
    """Close a study to enrolment; who is in goes on."""
    with writing(bearer, edge, slug) as here:
        lifecycle.close_enrolment(here.session, slug, viewer=here.viewer, now=here.now)
        return _step(here)


@router.post("/{slug}/lock", responses=REFUSED)
def lock(slug: str, body: Lock, bearer: Bearer, edge: AtEdge) -> StudyStep:
    """Let no datum of a closed study change any more."""
    with writing(bearer, edge, slug) as here:
        lifecycle.lock_study(
            here.session,
            slug,
            viewer=here.viewer,
            now=here.now,
            early=body.early,
            reason=body.reason,
        )
        return _step(here)


@router.post("/{slug}/archive", responses=REFUSED)
def archive(slug: str, bearer: Bearer, edge: AtEdge) -> StudyStep:
    """Put a locked study away."""
    with writing(bearer, edge, slug) as here:
        lifecycle.archive_study(here.session, slug, viewer=here.viewer, now=here.now)
        return _step(here)


def _step(here: AtStudy) -> StudyStep:
    return StudyStep.of(here.study, lifecycle.current_version(here.session, here.study))
