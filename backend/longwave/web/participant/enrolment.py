"""Enrolment: eligibility questions, consent, and what comes next."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from longwave.domain.eligibility import FULL
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import Channel, Stage
from longwave.domain.protocol.model import Protocol
from longwave.domain.zones import place_of
from longwave.i18n import translator
from longwave.services import calendar, outlook
from longwave.services.enrolment import ConsentForm, give_consent, screen
from longwave.services.study import current_protocol, get_open_study
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Participant, Study
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.participant.consent import consent_page, read_form
from longwave.web.participant.frame import frame_of, is_reread, language_for, onward, span
from longwave.web.participant.outlook import shown
from longwave.web.participant.place import calendar_response
from longwave.web.participant.questions import complaints, eligibility_questions
from longwave.web.rendering import page

router = APIRouter()
_DONE = "/enrol/done"


@router.get("/s/{slug}/{site}")
def eligibility(slug: str, site: str, request: Request, edge: AtEdge) -> Response:
    """Show the privacy notice and the eligibility questions."""
    return _eligibility_page(request, *_open(slug, edge), site)


@router.post("/s/{slug}/{site}")
def answer_eligibility(
    slug: str, site: str, request: Request, form: Posted, edge: AtEdge
) -> Response:
    """Judge the answers; lead on to consent, or say kindly that it ends here."""
    if is_reread(form):
        return _eligibility_page(request, *_open(slug, edge), site, form)
    try:
        with edge.database.writing() as session:
            study = get_open_study(session, slug)
            protocol = current_protocol(session, study)
            participant = screen(
                session,
                study,
                site=site,
                language=language_for(request, protocol, form.get("language")),
                answers=form.values([item.id for item in protocol.eligibility.items]),
                now=edge.now,
            )
    except InvalidInputError as error:
        return _eligibility_page(request, study, protocol, site, form, error)
    if participant.stage == Stage.INELIGIBLE:
        language = language_for(request, protocol, form.get("language"))
        return _ends_here(request, participant, study, protocol, language)
    response = onward(request, "/enrol/consent")
    cookies.give(response, edge, "longwave-enrol", participant.id or 0)
    return response


@router.get("/enrol/consent")
def consent(request: Request, edge: AtEdge) -> Response:
    """Show the consent document and what to sign."""
    participant, study, protocol = _person(request, edge, "longwave-enrol")
    if participant.stage != Stage.SCREENED:
        return _after_signing(request, edge, participant, study, protocol)
    return consent_page(request, participant, study, protocol, ConsentForm("", "", frozenset()))


@router.post("/enrol/consent")
def sign_consent(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Enrol whoever signed; signing once more leads on to the same page."""
    if cookies.read(request, edge, "longwave-enrol") is None and cookies.read(
        request, edge, "longwave-enrolled"
    ):
        return onward(request, _DONE)
    participant, study, protocol = _person(request, edge, "longwave-enrol")
    signed = read_form(form, protocol)
    if is_reread(form) and participant.stage == Stage.SCREENED:
        return consent_page(request, participant, study, protocol, signed)
    try:
        with edge.database.writing() as session:
            person = participants.by_id(session, participant.id or 0)
            give_consent(session, person, signed, keys=edge.keys, now=edge.now)
    except InvalidInputError as error:
        return consent_page(request, participant, study, protocol, signed, error.fields)
    except RefusedTransitionError:
        if _person(request, edge, "longwave-enrol")[0].stage == Stage.SCREENED:
            raise  # too late to sign, and not signed before
    return _after_signing(request, edge, *_person(request, edge, "longwave-enrol"))


@router.get(_DONE)
def done(request: Request, edge: AtEdge) -> Response:
    """Say that a message is on its way, and what happens next."""
    participant, study, protocol = _person(request, edge, "longwave-enrolled")
    language = language_for(request, protocol, participant.language)
    with edge.database.reading() as session:
        steps = outlook.of_newcomer(
            session, participant, signed_at=_signed_at(request, edge), keys=edge.keys
        )
    zone = participant.zone
    return page(
        "participant/enrolled.html",
        language,
        frame=frame_of(request, study, protocol),
        minutes=protocol.minutes(protocol.waves[0]),
        outlook=shown(translator(language), protocol, steps, zone),
        place=place_of(zone),
        by_mail_alone=protocol.messages.channels == (Channel.EMAIL,),
        slug=study.slug,
    )


@router.get(f"{_DONE}/calendar")
def newcomers_calendar(request: Request, edge: AtEdge) -> Response:
    """Send a file for a calendar, with all that has a date at the beginning."""
    participant, _, _ = _person(request, edge, "longwave-enrolled")
    with edge.database.reading() as session:
        content = calendar.of_newcomer(
            session, participant, signed_at=_signed_at(request, edge), keys=edge.keys
        )
    return calendar_response(content)


def _open(slug: str, edge: Edge) -> tuple[Study, Protocol]:
    """Return a study that takes people on."""
    with edge.database.reading() as session:
        study = get_open_study(session, slug)
        return study, current_protocol(session, study)


def _signed_at(request: Request, edge: Edge) -> datetime:
    """Return when somebody signed in this browser, whatever came of it."""
    return cookies.given_at(request, edge, "longwave-enrolled") or edge.now


def _after_signing(
    request: Request, edge: Edge, participant: Participant, study: Study, protocol: Protocol
) -> Response:
    """Lead on whoever signed, just now or a moment ago by the first click of two.

    An address that takes part already is not told so: all that follows is the same for it.
    """
    if participant.ineligible_reason == FULL:
        language = language_for(request, protocol, participant.language)
        response = _ends_here(request, participant, study, protocol, language)
    else:
        response = onward(request, _DONE)
        cookies.give(response, edge, "longwave-enrolled", participant.id or 0)
    cookies.forget(response, edge, "longwave-enrol")
    return response


def _ends_here(
    request: Request, participant: Participant, study: Study, protocol: Protocol, language: str
) -> Response:
    """Say kindly that somebody cannot take part, or that there is no room."""
    full = participant.ineligible_reason == FULL
    return page(
        f"participant/{'full' if full else 'ineligible'}.html",
        language,
        frame=frame_of(request, study, protocol),
    )


def _person(
    request: Request, edge: Edge, cookie: cookies.PersonKind
) -> tuple[Participant, Study, Protocol]:
    """Return who is enrolling in this browser, or has just enrolled."""
    row = cookies.read(request, edge, cookie)
    with edge.database.reading() as session:
        participant = participants.find(session, row) if row else None
        if participant is None:
            raise NotFoundError(
                "Nobody is enrolling here.", "Please begin again with your enrolment link."
            )
        study = studies.by_id(session, participant.study_id)
        return participant, study, current_protocol(session, study)


def _eligibility_page(
    request: Request,
    study: Study,
    protocol: Protocol,
    site: str,
    form: Posted | None = None,
    error: InvalidInputError | None = None,
) -> Response:
    if site not in protocol.sites:
        raise NotFoundError("This enrolment link is not known.", "Please ask the study team.")
    language = language_for(request, protocol, form.get("language") if form else None)
    say = translator(language)
    items = protocol.eligibility.items
    return page(
        "participant/eligibility.html",
        language,
        status=422 if error else 200,
        frame=frame_of(request, study, protocol),
        slug=study.slug,
        site=say.pick(protocol.sites[site].label),
        questions=eligibility_questions(protocol, language),
        given=form.values([item.id for item in items]) if form else {},
        faults=complaints(error.fields, say) if error else {},
        protection=protocol.data_protection,
        keeps_answers=span(say, protocol.data_protection.retention_answers),
    )
