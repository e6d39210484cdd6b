"""Pages: templates, compiled once, filled in with words in the reader's language."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from longwave.domain.zones import place_of
from longwave.i18n import own_name, translator

HERE = Path(__file__).parent
STATIC = HERE / "static"
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def page(template: str, language: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    template
        Such as ``participant/landing.html``.
    language
        The language of the interface's words; templates find it as ``lang``, its translator
        as ``_``.
    """
    say = translator(language)
    html = (
        environment()
        .get_template(template)
        .render(_=say, lang=language, direction=say.direction, **values)
    )
    return HTMLResponse(html, status)


@cache
def environment() -> Environment:
    """Return the template engine of this process."""
    folders = {
        audience: FileSystemLoader(HERE / audience / "templates")
        for audience in ("participant", "console")
    }
    found = Environment(
        loader=PrefixLoader(dict(folders)),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found.globals["static"] = static
    found.globals["own_name"] = own_name
    found.globals["place_of"] = place_of
    return found


@cache
def static(name: str) -> str:
    """Return the address of a static file; it changes with the file's content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML inside it stays text."""
    return Markup(_MARKDOWN.render(text))
