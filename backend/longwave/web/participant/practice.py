"""A participant's programme: what there is today, in words and sound, and what she has done.

Whoever's arm has no programme at this moment finds no such page.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.protocol.model import Protocol
from longwave.i18n import translator
from longwave.keys import token_hash
from longwave.services import courses
from longwave.services.courses import OwnProgramme, PracticeSession
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessment_rows
from longwave.storage import media
from longwave.storage.database import Database
from longwave.storage.tables import Assessment, Participant, Study
from longwave.web import cookies
from longwave.web.edge import AtEdge, Edge
from longwave.web.forms import Posted
from longwave.web.guard import POLICY
from longwave.web.participant.frame import frame_of, is_reread, language_for, onward
from longwave.web.participant.ranges import UnsatisfiableRangeError, part_of
from longwave.web.rendering import markdown, page

router = APIRouter()
_PAGE = "/practice"
_WITH_SOUND = {"content-security-policy": f"{POLICY}; media-src 'self'"}


@router.get("/l/{token}/today")
def landing(token: str, request: Request, edge: AtEdge) -> Response:
    """Show the button that leads to a participant's programme; change nothing."""
    with edge.database.reading() as session:
        participant, study, protocol = _owner(session, _behind(session, token))
        _programme(session, participant, edge)
    return page(
        "participant/today.html",
        language_for(request, protocol, participant.language),
        frame=frame_of(request, study, protocol),
        token=token,
    )


@router.post("/l/{token}/today")
def enter(token: str, request: Request, edge: AtEdge) -> Response:
    """Exchange the link for a cookie, and go to the programme."""
    with edge.database.reading() as session:
        assessment = _behind(session, token)
        participant, _, _ = _owner(session, assessment)
        _programme(session, participant, edge)
    response = onward(request, _PAGE)
    cookies.give(response, edge, "longwave", assessment.id or 0)
    return response


@router.get(_PAGE)
def overview(request: Request, edge: AtEdge) -> Response:
    """Show what there is now, and what was."""
    with edge.database.reading() as session:
        participant, study, protocol = _here(session, request, edge)
        own = _programme(session, participant, edge)
    return page(
        "participant/practice.html",
        language_for(request, protocol, participant.language),
        frame=frame_of(request, study, protocol),
        programme=own.programme,
        today=own.sessions[0] if own.sessions and not own.ended else None,
        earlier=own.sessions if own.ended else own.sessions[1:],
        next_at=own.next_at,
        ended=own.ended,
        zone=participant.zone_at(edge.now),
    )


@router.post("/practice/{number}/open")
def begin(number: int, request: Request, edge: AtEdge) -> Response:
    """Note that a session is looked at, and show it."""
    with edge.database.writing() as session:
        participant, _, _ = _here(session, request, edge)
        _programme(session, participant, edge)
        courses.open_session(session, participant, number, now=edge.now)
    return onward(request, f"{_PAGE}/{number}")


@router.get("/practice/{number}")
def show(number: int, request: Request, edge: AtEdge) -> Response:
    """Show what a session brings."""
    return _session_page(number, request, edge)


@router.post("/practice/{number}/done")
def done(number: int, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Note that a practice was done, and for how long."""
    written = form.get("minutes").strip()
    if is_reread(form):
        return _session_page(number, request, edge, written=written)
    try:
        minutes = _minutes(written)
        with edge.database.writing() as session:
            participant, _, _ = _here(session, request, edge)
            _programme(session, participant, edge)
            courses.log(session, participant, number, minutes, now=edge.now)
    except InvalidInputError:
        return _session_page(number, request, edge, written=written, is_wrong=True)
    return onward(request, _PAGE)


@router.get("/practice/{number}/audio")
def audio(number: int, request: Request, edge: AtEdge) -> Response:
    """Send the sound of a session, or a part of it."""
    with edge.database.reading() as session:
        participant, _, protocol = _here(session, request, edge)
        found = _session(_programme(session, participant, edge), number)
    sounds = found.material.audio if found.material is not None else {}
    language = language_for(request, protocol, participant.language)
    sound = sounds.get(language) or next(iter(sounds.values()), None)
    if sound is None:
        raise HTTPException(404)
    headers = {"accept-ranges": "bytes"}
    try:
        part = part_of(request.headers.get("range"), sound.size)
    except UnsatisfiableRangeError:
        return Response(status_code=416, headers={"content-range": f"bytes */{sound.size}"})
    start, stop = part or (0, sound.size)
    headers["content-length"] = str(stop - start)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{sound.size}"
    return StreamingResponse(
        _pieces(edge.database, sound.hash, start, stop),
        206 if part is not None else 200,
        headers,
        sound.type,
    )


def _pieces(database: Database, digest: str, start: int, stop: int) -> Iterator[bytes]:
    """Give a part of a file, a piece at a time, each read in a session of its own."""
    for first in range(start, stop, media.PIECE):
        with database.reading() as session:
            yield media.piece(session, digest, first, min(media.PIECE, stop - first))


def _session_page(
    number: int,
    request: Request,
    edge: Edge,
    *,
    written: str | None = None,
    is_wrong: bool = False,
) -> Response:
    with edge.database.reading() as session:
        participant, study, protocol = _here(session, request, edge)
        own = _programme(session, participant, edge)
    found = _session(own, number)
    language = language_for(request, protocol, participant.language)
    material = found.material
    frame = frame_of(request, study, protocol)
    response = page(
        "participant/session.html",
        language,
        status=422 if is_wrong else 200,
        frame=frame,
        programme=own.programme,
        session=found,
        text=markdown(translator(language).pick(material.text)) if material else None,
        sound=f"{_PAGE}/{number}/audio{frame.query}" if material and material.audio else None,
        written=written,
        is_wrong=is_wrong,
    )
    response.headers.update(_WITH_SOUND)
    return response


def _minutes(written: str) -> float | None:
    """Return minutes as they were typed, with a comma or a point; None if nothing was."""
    if not written:
        return None
    try:
        return float(written.replace(",", "."))
    except ValueError:
        raise InvalidInputError("The minutes are a number from 0 to 1440.") from None


def _programme(session: Session, participant: Participant, edge: Edge) -> OwnProgramme:
    """Return a participant's programme; without one there is no such page, as anywhere else."""
    try:
        return courses.own_programme(session, participant, now=edge.now)
    except NotFoundError:
        raise HTTPException(404) from None


def _session(own: OwnProgramme, number: int) -> PracticeSession:
    try:
        return own.session(number)
    except NotFoundError:
        raise HTTPException(404) from None


def _behind(session: Session, token: str) -> Assessment:
    found = assessment_rows.by_token(session, token_hash(token))
    if found is None:
        raise HTTPException(404)
    return found


def _here(session: Session, request: Request, edge: Edge) -> tuple[Participant, Study, Protocol]:
    """Return the participant whose link this browser followed."""
    row = cookies.read(request, edge, "longwave")
    assessment = assessment_rows.by_id(session, row) if row else None
    if assessment is None:
        raise HTTPException(404)
    return _owner(session, assessment)


def _owner(session: Session, assessment: Assessment) -> tuple[Participant, Study, Protocol]:
    participant, study = assessment_rows.owner(session, assessment)
    return participant, study, current_protocol(session, study)
