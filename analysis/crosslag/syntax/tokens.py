"""From text to statements of tokens."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from crosslag.errors import ModelSyntaxError

__all__ = ["RELATIONS", "Statement", "Token", "statements"]

Kind: TypeAlias = Literal["name", "number", "string", "operator", "newline"]

RELATIONS = frozenset({"=~", "~~", "~", ":=", "==", "<", ">"})
_SPELLINGS = {"**": "^", "<=": "<", ">=": ">"}
_UNKNOWN = {
    "~*~": "response scales (~*~) are not supported; ordinal items are treated as continuous",
    "<~": "formative variables (<~) are not supported; use =~ or observed sums",
    "|": "thresholds (|) are not supported; ordinal items are treated as continuous",
    "%": "the operator % is not supported",
    "&": "the operator & is not supported",
    "?": "starting values are written start(0.5)*x",
    ":": "interactions and blocks (:) are not supported; add the product as a column,"
    " or use c(..., ...)* for groups",
    "=": "write == for a constraint, := for a defined parameter, or =~ for a latent variable",
}
_LOOKALIKES = {
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{DOT OPERATOR}": "*",
    "\N{TILDE OPERATOR}": "~",
    "\N{FULLWIDTH TILDE}": "~",
    "\N{SMALL TILDE}": "~",
    "\N{FULLWIDTH PLUS SIGN}": "+",
    "\N{FULLWIDTH EQUALS SIGN}": "=",
}
_REST_OF_NAME = re.compile(r"[\w.]*")
_PATTERN = re.compile(
    r"""(?P<space>[^\S\n]+|[#!][^\n]*)
      | (?P<newline>\n)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>\.*[^\W\d][\w.]*)
      | (?P<string>"[^"\n]*"|'[^'\n]*')
      | (?P<operator>~\*~|=~|~~|:=|==|<~|<=|>=|\*\*|[-+*/^(),;<>~|%&?:=])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text and where it stands; lines and columns count from 1."""

    kind: Kind
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The tokens left and right of one relation operator, and the whole text for messages."""

    left: tuple[Token, ...]
    operator: Token
    right: tuple[Token, ...]
    source: str

    def error(self, complaint: str, at: Token | None = None) -> ModelSyntaxError:
        """Make an error that points at a token, or else behind the statement."""
        if at is not None:
            return ModelSyntaxError(complaint, self.source, at.line, at.column)
        last = (*self.left, self.operator, *self.right)[-1]
        return ModelSyntaxError(complaint, self.source, last.line, last.column + len(last.text))


def statements(source: str) -> Iterator[Statement]:
    """Split a text at ``;`` and at line ends.

    A line without a relation operator, or inside brackets, continues the one before.

    Raises
    ------
    ModelSyntaxError
        For characters that mean nothing, and statements without or with two operators.
    """
    for tokens in _split(list(_tokens(source))):
        places = [i for i, token in enumerate(tokens) if token.text in RELATIONS and _bare(token)]
        if not places:
            complaint = "there is no operator; a statement needs one of " + ", ".join(
                sorted(RELATIONS)
            )
            raise ModelSyntaxError(complaint, source, tokens[0].line, tokens[0].column)
        if len(places) > 1:
            second = tokens[places[1]]
            complaint = f"a second operator '{second.text}' in one statement; end the first before"
            raise ModelSyntaxError(complaint, source, second.line, second.column)
        at = places[0]
        yield Statement(tuple(tokens[:at]), tokens[at], tuple(tokens[at + 1 :]), source)


def _bare(token: Token) -> bool:
    return token.kind == "operator"


def _tokens(source: str) -> Iterator[Token]:
    position, line, line_start = 0, 1, 0
    while position < len(source):
        found = _PATTERN.match(source, position)
        column = position - line_start + 1
        if found is None or found.lastgroup is None:
            raise ModelSyntaxError(_meaningless(source[position]), source, line, column)
        position = found.end()
        if found.lastgroup == "name":
            position = _name_end(source, position)
        text = source[found.start() : position]
        match found.lastgroup:
            case "newline":
                yield Token("newline", "\n", line, column)
                line, line_start = line + 1, position
            case "operator":
                if text in _UNKNOWN:
                    raise ModelSyntaxError(_UNKNOWN[text], source, line, column)
                yield Token("operator", _SPELLINGS.get(text, text), line, column)
            case "name":
                yield Token("name", text, line, column)
            case "number":
                if math.isinf(float(text)):
                    raise ModelSyntaxError("this number is too large", source, line, column)
                yield Token("number", text, line, column)
            case "string":
                yield Token("string", text, line, column)


def _name_end(source: str, position: int) -> int:
    """Go on behind accents and vowel signs, which Python counts as no letters."""
    while position < len(source) and unicodedata.category(source[position]).startswith("M"):
        found = _REST_OF_NAME.match(source, position + 1)
        position = found.end() if found else position + 1
    return position


def _meaningless(letter: str) -> str:
    complaint = f"{letter!r} means nothing here"
    if letter == ".":
        return f"{complaint}; name every variable"
    known = _LOOKALIKES.get(letter)
    return f"{complaint}; write {known} instead" if known else complaint


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    current: list[Token] = []
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind == "operator":
            depth += (token.text == "(") - (token.text == ")")
        if token.kind == "newline":
            if depth <= 0 and current and _opens_statement(tokens, i + 1):
                yield current
                current, depth = [], 0
        elif token.text == ";" and token.kind == "operator":
            if current:
                yield current
            current, depth = [], 0
        else:
            current.append(token)
    if current:
        yield current


def _opens_statement(tokens: list[Token], start: int) -> bool:
    """Whether the line that begins at ``start`` has a relation operator of its own."""
    for token in tokens[start:]:
        if token.kind == "newline" or (token.kind == "operator" and token.text == ";"):
            return False
        if token.kind == "operator" and token.text in RELATIONS:
            return True
    return False
