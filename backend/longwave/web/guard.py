"""The gate that every request passes: where it comes from, how much it brings, what it learns.

Pure ASGI, since a study's busiest minute runs through it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1_000_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({b"same-origin", b"none"})

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[tuple[str, str], ...] = (
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
)
"""What every response says unless it says something else itself."""

_RAW = tuple((name.encode(), value.encode()) for name, value in HEADERS)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

Refuse = Callable[[Scope, Receive, Send, int], Awaitable[None]]


class Guard:
    """Wraps an application.

    Parameters
    ----------
    app
        What is guarded.
    base_url
        The address under which people reach this installation.
    refuse
        Writes the response to a request that is turned away with a status.
    """

    def __init__(self, app: ASGIApp, *, base_url: str, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse
        address = urlsplit(base_url)
        self._host = address.netloc.encode()
        self._headers = (*_RAW, _STRICT_TRANSPORT) if address.scheme == "https" else _RAW

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Mail scanners ask like this; every page that can be read can be asked about.
            scope = {**scope, "method": "GET"}
            send = _without_body(send)
        send = self._with_headers(send)
        sent = {name: value for name, value in scope["headers"] if name in _WANTED}
        if scope["method"] not in _SAFE and not self._is_own(sent):
            await self._refuse(scope, receive, send, 403)
            return
        if "\x00" in scope["path"]:  # PostgreSQL cannot even be asked about such a name
            await self._refuse(scope, receive, send, 404)
            return
        length = sent.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            await self._refuse(scope, receive, send, 413 if length.isdigit() else 400)
            return
        if scope["method"] not in _SAFE:
            receive = _limited(receive)
        await self._app(scope, receive, send)

    def _is_own(self, sent: dict[bytes, bytes]) -> bool:
        """Whether a request that changes something was made by one of our own pages.

        Browsers that know Sec-Fetch-Site are believed. In others ``Origin: null`` must pass:
        it is what they send from our pages, for these tell them to send no referrer; there
        the cookies' SameSite attribute is what keeps strangers out. Programs send neither.
        """
        site = sent.get(b"sec-fetch-site")
        if site is not None:
            return site in _OWN
        origin = sent.get(b"origin", b"null")
        if origin == b"null":
            return True
        host = origin.partition(b"://")[2]
        return host in (self._host, sent.get(b"host"))

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in self._headers if pair[0] not in present)
            await send(message)

        return sending


_WANTED = frozenset({b"content-length", b"sec-fetch-site", b"origin", b"host"})


def _without_body(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return sending


def _limited(receive: Receive) -> Receive:
    """Count the bytes of a body whose length was not announced, or was announced wrongly."""
    left = MOST_BYTES

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return receiving
