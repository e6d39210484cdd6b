"""The consent document: shown, and signed again when it has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from longwave.domain.consent import ConsentForm, edition
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol.model import Protocol
from longwave.domain.zones import zones_by_region
from longwave.i18n import own_name, translator
from longwave.services import consent as consents
from longwave.services.safety import watching
from longwave.storage.tables import Participant, Study
from longwave.web.edge import AtEdge
from longwave.web.forms import Posted
from longwave.web.participant.frame import (
    frame_of,
    is_reread,
    language_for,
    offered_languages,
    onward,
)
from longwave.web.participant.here import here
from longwave.web.rendering import markdown, page

router = APIRouter()
PATH = "/consent"
_READ = "read-document"


@router.get(PATH)
def changed(request: Request, edge: AtEdge) -> Response:
    """Show the new version of the consent document to somebody who has signed an older one."""
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        if not consents.needs_new_consent(session, participant):
            return onward(request, "/survey")
        standing = consents.standing_choices(session, participant)
    allowed = frozenset(use for use, allows in standing.items() if allows)
    form = ConsentForm("", "", frozenset(), allowed)
    return consent_page(request, participant, study, protocol, form, again=True)


@router.post(PATH)
def sign_again(request: Request, form: Posted, edge: AtEdge) -> Response:
    """Sign the new version, and go on to the questions."""
    with edge.database.reading() as session:
        participant, study, protocol = here(session, request, edge)
        if not consents.needs_new_consent(session, participant):
            return onward(request, "/survey")
    signed = read_form(form, protocol)
    if is_reread(form):
        return consent_page(request, participant, study, protocol, signed, again=True)
    try:
        with edge.database.writing() as session:
            person = here(session, request, edge)[0]
            consents.sign_again(session, person, signed, keys=edge.keys, now=edge.now)
    except InvalidInputError as error:
        return consent_page(request, participant, study, protocol, signed, error.fields, again=True)
    return onward(request, "/survey")


def read_form(form: Posted, protocol: Protocol) -> ConsentForm:
    """Return what was typed, ticked and allowed.

    Whoever goes on reading in another language is offered messages in it, unless she had chosen.
    """
    plan, language = protocol.consent, form.get("language")
    if is_reread(form) and language == form.get("shown-in"):
        language = ""
    return ConsentForm(
        name=form.get("name"),
        email=form.get("email"),
        ticked=frozenset(statement.id for statement in plan.statements if statement.id in form),
        allowed=frozenset(use.id for use in plan.uses if use.id in form),
        read=form.get(_READ) or None,
        phone=form.get("phone"),
        channel=form.get("channel") or None,
        language=language if language in protocol.study.languages else None,
        zone=form.get("zone") or None,
    )


def consent_page(
    request: Request,
    participant: Participant,
    study: Study,
    protocol: Protocol,
    signed: ConsentForm,
    faults: Mapping[str, str] | None = None,
    *,
    again: bool = False,
) -> Response:
    """Return the page on which the document in force is read and signed."""
    own = consents.language_of(protocol, participant)
    language = language_for(request, protocol, own)
    say = translator(language)
    if language in protocol.consent.documents:
        own = language  # what is shown is what is signed: the form tells which one it was
    shown = edition(protocol.consent, own)
    if signed.read not in (None, shown):  # what was ticked was ticked under another document
        signed = replace(signed, ticked=frozenset())
    return page(
        "participant/consent.html",
        language,
        status=422 if faults else 200,
        frame=frame_of(request, study, protocol),
        again=again,
        document=markdown(protocol.consent.documents[own]),
        document_language=own,
        watching=watching(protocol, say),
        version=protocol.consent.version,
        edition=shown,
        statements=[
            (statement.id, say.pick(statement.label), statement.required)
            for statement in protocol.consent.statements
        ],
        uses=[(use.id, say.pick(use.label)) for use in protocol.consent.uses],
        signed=signed,
        channels=[str(channel) for channel in protocol.messages.channels],
        languages=[(code, own_name(code)) for code in offered_languages(protocol)],
        own_language=signed.language or language,
        zones=zones_by_region(),
        zone=signed.zone or participant.zone,
        slug=study.slug,
        faults={name: say(text) for name, text in (faults or {}).items()},
    )
