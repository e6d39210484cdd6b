"""The body of a message, written in Markdown, as plain text and as HTML.

Gaps are set aside before Markdown is read, and what fills them in is put in afterwards: a value
can neither become markup nor be changed by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from longwave.domain.texts.flaws import Flaw
from longwave.domain.texts.template import GAP, Template
from longwave.domain.texts.variables import LINK

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_SCHEMES = ("https://", "mailto:")


@dataclass(frozen=True, slots=True)
class _Marked:
    """A body whose gaps have become words that Markdown leaves alone; ``names`` are theirs."""

    text: str
    names: tuple[str, ...]
    pattern: re.Pattern[str]

    def template(self, text: str) -> Template:
        """Return a text that was made of the marked one, with gaps again."""
        pieces = self.pattern.split(text)
        return Template(
            tuple(self.names[int(piece)] if at % 2 else piece for at, piece in enumerate(pieces))
        )

    def is_link(self, text: str) -> bool:
        """Return whether a text is the link to the questionnaire, and nothing else."""
        found = self.pattern.fullmatch(text)
        return found is not None and self.names[int(found[1])] == LINK


def forms(body: str) -> tuple[Template, Template]:
    """Return a body as plain text and as HTML; into the latter go escaped values alone."""
    marked = _mark(body)
    tokens = _read(marked)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    plain = _plain(SyntaxTreeNode(tokens))
    return marked.template(f"{plain}\n"), marked.template(html)


def flaws_of_markup(body: str, line: int) -> Iterator[Flaw]:
    """Yield what a message may not hold: pictures, and links to doubtful places.

    ``line`` is that of the body's first line.
    """
    marked = _mark(body)
    for token in _read(marked):
        at = line + (token.map[0] if token.map else 0)
        for child in token.children or ():
            if child.type == "image":
                yield Flaw(
                    at,
                    "A message holds no pictures: fetching one tells that it was read.",
                    "Remove the picture.",
                )
            elif child.type == "link_open":
                yield from _flaws_of_address(marked, str(child.attrs.get("href", "")), at)


def _flaws_of_address(marked: _Marked, address: str, line: int) -> Iterator[Flaw]:
    if marked.is_link(address):
        return
    if marked.pattern.search(address):
        yield Flaw(
            line,
            "An address is made up of a variable and something else.",
            "Write ({{ link }}) alone, or an address without variables.",
        )
    elif not address.startswith(_SCHEMES):
        yield Flaw(
            line,
            f"The address {address[:60]!r} cannot stand in a message.",
            "Write {{ link }}, or an address that begins with https:// or mailto:.",
        )


def _mark(body: str) -> _Marked:
    word = "gap"
    while word in body:
        word += "q"
    names: list[str] = []

    def put(found: re.Match[str]) -> str:
        names.append(found[1].strip())
        return f"{word}{len(names) - 1}z"

    text = GAP.sub(put, body)
    return _Marked(text, tuple(names), re.compile(rf"{word}([0-9]+)z"))


def _read(marked: _Marked) -> list[Token]:
    tokens = _MARKDOWN.parse(marked.text)
    for token in tokens:
        if token.children:
            token.children = list(_with_links(token.children, marked))
    return tokens


def _with_links(tokens: list[Token], marked: _Marked) -> Iterator[Token]:
    """Yield the tokens of a line; where the link stands bare, it can be followed."""
    inside = 0
    for token in tokens:
        inside += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not inside:
            yield from _split(token, marked)
        else:
            yield token


def _split(token: Token, marked: _Marked) -> Iterator[Token]:
    at = 0
    for found in marked.pattern.finditer(token.content):
        if not marked.is_link(found[0]):
            continue
        yield Token("text", "", 0, content=token.content[at : found.start()])
        # An address is written from left to right in every script.
        yield Token("link_open", "a", 1, attrs={"href": found[0], "dir": "ltr"})
        yield Token("text", "", 0, content=found[0])
        yield Token("link_close", "a", -1)
        at = found.end()
    yield Token("text", "", 0, content=token.content[at:])


def _plain(node: SyntaxTreeNode) -> str:
    """Return a node of Markdown as it reads without markup."""
    if node.type == "inline":
        return "".join(map(_plain_inline, node.children))
    if node.type in ("code_block", "fence"):
        return node.content.rstrip("\n")
    if node.type == "hr":
        return "-" * 40
    if node.type in ("bullet_list", "ordered_list"):
        return "\n".join(_items(node))
    inside = "\n\n".join(filter(None, map(_plain, node.children)))
    return _prefixed(inside, "> ", "> ") if node.type == "blockquote" else inside


def _items(node: SyntaxTreeNode) -> Iterator[str]:
    first = int(node.attrs.get("start", 1))
    for number, item in enumerate(node.children, start=first):
        sign = "- " if node.type == "bullet_list" else f"{number}. "
        yield _prefixed(_plain(item), sign, " " * len(sign))


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{others if at else first}{line}".rstrip() for at, line in enumerate(lines))


def _plain_inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return " " if node.type == "softbreak" else "\n"
    if node.type == "link":
        label, address = _label(node), str(node.attrs.get("href", ""))
        return label if address in (label, f"mailto:{label}") else f"{label}: {address}"
    return _label(node) if node.children else node.content


def _label(node: SyntaxTreeNode) -> str:
    return "".join(map(_plain_inline, node.children))
