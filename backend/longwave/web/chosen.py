"""The language that a reader chose with ``?lang=``: kept for the next pages of this browser."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longwave.i18n import languages

QUERY = "lang"
COOKIE = "longwave-language"


def chosen_language(request: Request) -> str:
    """Return the language chosen on this page or an earlier one; "" if none was."""
    for code in (request.query_params.get(QUERY, ""), request.cookies.get(COOKIE, "")):
        if code in languages():
            return code
    return ""


def forget(response: Response) -> None:
    """Let what the browser remembers of a choice be over."""
    response.delete_cookie(COOKIE)


class Chosen:
    """Wraps an application: a choice goes into a cookie, which ends with the browser.

    Pure ASGI, since every page passes it. The cookie says nothing but a language, and whoever
    follows at the same device can choose another one.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        code = _asked_for(scope) if scope["type"] == "http" else ""
        await self._app(scope, receive, self._remembering(code, send) if code else send)

    def _remembering(self, code: str, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{COOKIE}={code}; {self._attributes}".encode()
                message.setdefault("headers", []).append((b"set-cookie", cookie))
            await send(message)

        return sending


def _asked_for(scope: Scope) -> str:
    query = scope["query_string"]
    if QUERY.encode() not in query:
        return ""
    code = dict(parse_qsl(query.decode("latin-1"))).get(QUERY, "")
    return code if code in languages() else ""
