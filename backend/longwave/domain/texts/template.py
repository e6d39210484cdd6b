"""Text with gaps, ``{{ name }}``, and nothing else.

There are no expressions, attributes, calls, filters, conditions, loops or includes: a template
cannot reach anything but the texts that it is filled in with, and takes no longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

GAP = re.compile(r"\{\{([^{}\n]*)\}\}")
_NAME = re.compile(r"[a-z][a-z_]*")
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text; every second of its ``parts``, from the second on, names a variable."""

    parts: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with every gap filled in.

        Raises
        ------
        KeyError
            If a variable has no value; `flaws_of` finds that before a study begins.
        """
        return "".join(values[part] if at % 2 else part for at, part in enumerate(self.parts))

    @property
    def variables(self) -> frozenset[str]:
        """The names of its variables."""
        return frozenset(self.parts[1::2])


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between ``{{`` and ``}}``, and on which line of the text, from 1.

    ``name`` is None where that is no name.
    """

    written: str
    name: str | None
    line: int


def template(source: str) -> Template:
    """Return a text compiled."""
    pieces = GAP.split(source)
    return Template(tuple(piece.strip() if at % 2 else piece for at, piece in enumerate(pieces)))


def gaps(source: str, names: re.Pattern[str] = _NAME) -> Iterator[Gap]:
    """Yield the gaps of a text in their order; ``names`` is what a variable may be called."""
    for found in GAP.finditer(source):
        written = found[1].strip()
        name = written if names.fullmatch(written) else None
        yield Gap(written, name, line_at(source, found.start()))


def stray_braces(source: str) -> Iterator[tuple[str, int]]:
    """Yield double braces that make no gap, and signs of other template languages, by line."""
    blanked = GAP.sub(lambda found: " " * len(found[0]), source)
    for found in _BRACES.finditer(blanked):
        yield found[0], line_at(source, found.start())


def line_at(source: str, place: int) -> int:
    """Return the line, from 1, on which the character at ``place`` stands."""
    return source.count("\n", 0, place) + 1
