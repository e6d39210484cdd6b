"""A small browser without JavaScript: keeps cookies, follows redirects, fills in forms."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urljoin, urlsplit

from longwave.domain.errors import LongwaveError

_MOST_REDIRECTS = 5
_SECONDS = 30


class UnexpectedPageError(LongwaveError):
    """The system answered otherwise than a participant would expect; says what and where."""


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, what it sends unasked, and what can be chosen."""

    action: str
    method: str
    unasked: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    path: str
    status: int
    text: str

    def forms(self) -> list[Form]:
        """Return the forms of the page."""
        return _read_forms(self.text)

    def form(self, action_ends_with: str = "", *, offering: str | None = None) -> Form:
        """Return the first form with such an action that posts, and offers a field."""
        for form in self.forms():
            fits = form.action.endswith(action_ends_with) and form.method == "post"
            if fits and (offering is None or offering in form.choices):
                return form
        raise UnexpectedPageError(
            f"{self.path} (status {self.status}) has no form to {action_ends_with or 'post'}"
            f"{f' with a field {offering}' if offering else ''}."
        )


class Browser:
    """One connection, and a jar of cookies for each person.

    Parameters
    ----------
    port
        The port of the server on the loopback interface.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        self._origin = f"http://127.0.0.1:{port}"
        self.requests = 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str, cookies: dict[str, str]) -> Page:
        """Load a page."""
        return self._follow("GET", path, None, cookies)

    def submit(
        self, page: Page, form: Form, values: Mapping[str, str | list[str]], cookies: dict[str, str]
    ) -> Page:
        """Send a form with some of its fields filled in."""
        target = urljoin(page.path, form.action or page.path)
        return self._follow("POST", target, {**form.unasked, **values}, cookies)

    def post(
        self, path: str, values: Mapping[str, str | list[str]], cookies: dict[str, str]
    ) -> Page:
        """Send values as a script on a page would."""
        return self._follow("POST", path, values, cookies)

    def _follow(
        self,
        method: str,
        path: str,
        values: Mapping[str, str | list[str]] | None,
        cookies: dict[str, str],
    ) -> Page:
        for _ in range(_MOST_REDIRECTS):
            status, location, text = self._request(method, path, values, cookies)
            if location is None:
                return Page(path, status, text)
            method, values = "GET", None
            target = urlsplit(urljoin(path, location))
            path = target.path + (f"?{target.query}" if target.query else "")
        raise UnexpectedPageError(f"{path}: more than {_MOST_REDIRECTS} redirects.")

    def _request(
        self,
        method: str,
        path: str,
        values: Mapping[str, str | list[str]] | None,
        cookies: dict[str, str],
    ) -> tuple[int, str | None, str]:
        headers = {"Accept": "text/html", "Host": urlsplit(self._origin).netloc}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if values is not None:
            body = urlencode(values, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = self._origin
        self.requests += 1
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        for header in response.headers.get_all("Set-Cookie") or ():
            _keep(cookies, header)
        location = response.headers.get("Location") if 300 <= response.status < 400 else None
        return response.status, location, text


def _keep(cookies: dict[str, str], header: str) -> None:
    pair, _, attributes = header.partition(";")
    name, _, value = pair.partition("=")
    if "max-age=0" in attributes.lower():
        cookies.pop(name.strip(), None)
    else:
        cookies[name.strip()] = value.strip().strip('"')


_TAG = re.compile(r"<(/?)(form|input|textarea|select|option)\b([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*"([^"]*)\"""")
_SELECTED = re.compile(r"(?<!\S)selected(?!\S)", re.IGNORECASE)
_CHOSEN = ("radio", "checkbox")


def _read_forms(text: str) -> list[Form]:
    """Read the forms of a page of ours, whose attributes are all in double quotes.

    The standard library's parser reads any page, in more time than the server takes to make it.
    """
    forms: list[Form] = []
    inside, select = False, ""
    for closing, tag, rest in _TAG.findall(text):
        given = {name: unescape(value) for name, value in _ATTRIBUTE.findall(rest)}
        if tag == "form":
            inside = not closing
            if inside:
                forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif closing or not inside:
            continue
        elif tag == "select":
            select = given["name"]
            forms[-1].choices[select] = []
        elif tag == "option":
            value = given.get("value", "")
            forms[-1].choices[select].append(value)
            if select not in forms[-1].unasked or _SELECTED.search(rest):
                forms[-1].unasked[select] = value
        elif given.get("type") == "hidden":
            forms[-1].unasked[given["name"]] = given.get("value", "")
        elif "name" in given:
            values = forms[-1].choices.setdefault(given["name"], [])
            if given.get("type") in _CHOSEN:
                values.append(given.get("value", "on"))
    return forms
