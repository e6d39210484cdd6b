"""Failures as responses: a status for each kind, decided here once.

People get a page in the look of where they are, programs get
``{"error": {"message", "remedy", "fields"}}``; nobody gets a stack trace.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from longwave.domain.errors import (
    ConfigurationError,
    ConsentNeededError,
    InvalidInputError,
    LinkExpiredError,
    LinkUsedError,
    LongwaveError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
    TooOftenError,
)
from longwave.i18n import languages, preferred, translator
from longwave.web.chosen import chosen_language
from longwave.web.guard import HEADERS
from longwave.web.rendering import page

logger = logging.getLogger(__name__)

STATUS: Mapping[type[LongwaveError], int] = {
    NotFoundError: 404,
    InvalidInputError: 422,
    NotAllowedError: 403,
    RefusedTransitionError: 409,
    LinkExpiredError: 410,
    LinkUsedError: 410,
    TooOftenError: 429,
    ConfigurationError: 503,
}


class SignInNeededError(Exception):
    """A page for staff was asked for by somebody who is not signed in."""


def status_of(error: LongwaveError) -> int:
    """Return the HTTP status of a failure; a kind that nobody foresaw is our own fault."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def install(app: FastAPI) -> None:
    """Let ``app`` answer failures as this module says."""
    app.add_exception_handler(LongwaveError, _on_longwave_error)
    app.add_exception_handler(ConsentNeededError, _on_consent_needed)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(SignInNeededError, _on_sign_in_needed)
    app.add_exception_handler(Exception, _on_exception)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    """Turn a request away before any route has seen it."""
    response = _respond(Request(scope), status)
    await response(scope, receive, send)


async def _on_longwave_error(request: Request, error: Exception) -> Response:
    failure = cast("LongwaveError", error)
    status = status_of(failure)
    if status >= 500:
        logger.error("failed", exc_info=failure)
    fields = failure.fields if isinstance(failure, InvalidInputError) else {}
    return _respond(request, status, failure.message, failure.remedy, fields)


async def _on_consent_needed(request: Request, error: Exception) -> Response:
    if _wants_json(request):
        return await _on_longwave_error(request, error)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/consent{query}", 303)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    response = _respond(request, refusal.status_code)
    for name, value in (refusal.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_validation_error(request: Request, error: Exception) -> Response:
    faults = cast("RequestValidationError", error).errors()
    fields = {str(fault["loc"][-1]): str(fault["msg"]) for fault in faults}
    return _respond(request, 422, fields=fields)


async def _on_sign_in_needed(request: Request, _: Exception) -> Response:
    return RedirectResponse(f"/console/sign-in?next={request.url.path}", 303)


async def _on_exception(request: Request, _: Exception) -> Response:
    # The server logs the trace. This response does not pass the guard: it brings its headers.
    response = _respond(request, 500)
    response.headers.update(dict(HEADERS))
    return response


def _respond(
    request: Request,
    status: int,
    message: str = "",
    remedy: str = "",
    fields: Mapping[str, str] | None = None,
) -> Response:
    if _wants_json(request):
        title, advice = _WORDS.get(status, _WORDS[500])
        return JSONResponse(
            error_body(message or f"{title}.", remedy or advice, fields), status_code=status
        )
    if request.url.path.startswith("/console"):
        return _staff_page(request, status, message, remedy)
    return _participant_page(request, status, message)


def error_body(
    message: str, remedy: str, fields: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the body of an error as programs get it."""
    return {"error": {"message": message, "remedy": remedy, "fields": dict(fields or {})}}


def reader_language(request: Request, offered: tuple[str, ...] | None = None) -> str:
    """Return the language that a reader chose, else what the browser prefers."""
    offered = offered or languages()
    chosen = chosen_language(request)
    if chosen in offered:
        return chosen
    return preferred(request.headers.get("accept-language", ""), offered)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith(("/api/", "/healthz")) or (
        "application/json" in accepted and "text/html" not in accepted
    )


def _participant_page(request: Request, status: int, message: str) -> Response:
    language = reader_language(request)
    say = translator(language)
    title, advice = _WORDS.get(status, _WORDS[500])
    # A remedy in `message` may be meant for whoever runs the server; only states that a
    # participant can be in are told in the failure's own words.
    told = say(message) if status in (409, 410, 429) and message else say(title)
    return page(
        "participant/problem.html",
        language,
        status=status,
        frame=None,
        # What was posted is gone, and there may be nothing to read at its address.
        languages=languages() if request.method == "GET" else (),
        title=told.rstrip("."),
        advice=say(advice),
    )


def _staff_page(request: Request, status: int, message: str, remedy: str) -> Response:
    language = reader_language(request)
    say = translator(language)
    title, advice = _WORDS.get(status, _WORDS[500])
    return page(
        "console/problem.html",
        language,
        status=status,
        title=message.rstrip(".") or say(title),
        advice=remedy or say(advice),
    )


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


_WORDS: Mapping[int, tuple[str, str]] = {
    400: (_("This request could not be read"), _("Please go back, load the page again and retry.")),
    401: (_("Please sign in"), _("This page is for the study's staff.")),
    403: (
        _("This was refused"),
        _(
            "It is not allowed, or did not come from one of our own pages. Please go back, "
            "load the page again and retry."
        ),
    ),
    404: (
        _("There is no such page"),
        _(
            "The address may be incomplete. If it came in a message, please open it from there "
            "again, in full."
        ),
    ),
    405: (
        _("That is not possible here"),
        _("Please go back and use the buttons on the page."),
    ),
    409: (_("That is not possible at the moment"), _("Please ask the study team.")),
    410: (_("This link has served its purpose"), _("Please ask the study team.")),
    413: (_("That was too much at once"), _("Please send less, or ask the study team.")),
    422: (_("Something needs another look"), _("Please go back and check what you entered.")),
    429: (_("That was too often"), _("Please wait an hour, then try again.")),
    500: (
        _("Something went wrong on our side"),
        _(
            "What you entered last may not have been saved. Please go back and try again in a few "
            "minutes."
        ),
    ),
    503: (
        _("This service is not available at the moment"),
        _("Please try again in a few minutes."),
    ),
}
