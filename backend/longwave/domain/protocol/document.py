"""YAML read as plain data in which every value knows its line.

Only what JSON knows is given a type: ``true``, ``false``, ``null`` and decimal numbers. All
other plain scalars are text, so that ``no`` is an answer and ``21:00`` a time of day; YAML 1.1
would make a boolean of the one and 1260 of the other.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from longwave.domain.protocol.faults import Fault, FaultList

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]

MAXIMUM_BYTES = 1_048_576
_MAXIMUM_DEPTH = 24
_WORDS: dict[str, Data] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# The C parser is some ten times faster. Only its events are used: its composer recurses on the
# C stack, and a few ten thousand opening brackets would end the process.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """One YAML file: its data, and the line of every field."""

    file: str
    data: Data = None
    lines: dict[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int:
        """Return the line of the field at ``path``, or of the nearest field around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get("", 1)


def read_document(file: str, content: bytes, faults: FaultList) -> Document | None:
    """Read one YAML file; note its faults, and return None when it cannot be understood."""
    text = decode(file, content, faults)
    if text is None:
        return None
    builder = _Builder(file, faults)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _GiveUp:
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        faults.add(_syntax_fault(file, error))
        return None
    return builder.document


def decode(file: str, content: bytes, faults: FaultList) -> str | None:
    """Return the text of a file that must be UTF-8 and of a sane size, or note why not."""
    if len(content) > MAXIMUM_BYTES:
        message = f"The file is larger than {MAXIMUM_BYTES // 1024} KiB."
        faults.add(Fault(file, 1, "", message, "A protocol's files are short texts: shorten it."))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(Fault(file, line, "", "This is not UTF-8 text.", "Save the file as UTF-8."))
        return None


def _syntax_fault(file: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    line = mark.line + 1 if mark is not None else 1
    return Fault(
        file,
        line,
        "",
        f"This is not valid YAML: {problem}.",
        "Check indentation, brackets and quotes on this line and the one before it.",
    )


class _GiveUp(Exception):  # noqa: N818 - never seen outside this file
    """The rest of the file cannot be made sense of; the fault has been noted."""


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled."""

    container: list[Data] | dict[str, Data]
    path: str
    key: str | None = None

    def next_path(self) -> str:
        if isinstance(self.container, list):
            return f"{self.path}[{len(self.container)}]"
        return f"{self.path}.{self.key}" if self.path else str(self.key)


class _Builder:
    """Builds a document from parse events, without recursion."""

    def __init__(self, file: str, faults: FaultList) -> None:
        self.document = Document(file)
        self._faults = faults
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_extras(event, line)
            if self._awaits_key():
                self._take_key(event, line)
            else:
                self._take_value(event, line)

    def _start_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self._fault(line, "", "A second YAML document begins here.", "Remove the line '---'.")
            raise _GiveUp

    def _refuse_extras(self, event: yaml.NodeEvent, line: int) -> None:
        path = self._stack[-1].next_path() if self._stack and not self._awaits_key() else ""
        if event.anchor is not None:
            self._fault(
                line,
                path,
                "YAML anchors and aliases (& and *) are not read.",
                "Write the value out in each place.",
            )
        elif getattr(event, "tag", None) is not None:
            self._fault(line, path, "YAML tags (!) are not read.", "Put the text in quotes.")

    def _awaits_key(self) -> bool:
        if not self._stack:
            return False
        top = self._stack[-1]
        return isinstance(top.container, dict) and top.key is None

    def _take_key(self, event: yaml.NodeEvent, line: int) -> None:
        top = self._stack[-1]
        if not isinstance(event, yaml.ScalarEvent):
            self._fault(
                line, top.path, "The name of a field must be a word.", "Put the name in quotes."
            )
            raise _GiveUp
        top.key = self._showable(event.value, line, top.path)
        path = top.next_path()
        if top.key in top.container:
            self._fault(
                line,
                path,
                f"{top.key!r} is given twice; it was given first on line "
                f"{self.document.lines[path]}.",
                "Remove one of the two.",
            )
        self.document.lines.setdefault(path, line)

    def _take_value(self, event: yaml.NodeEvent, line: int) -> None:
        path = self._stack[-1].next_path() if self._stack else ""
        self.document.lines.setdefault(path, line)
        value: Data = None
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0]
            value = _resolve(event.value) if plain else event.value
            if isinstance(value, str):
                value = self._showable(value, line, path)
        elif isinstance(event, yaml.MappingStartEvent):
            value = {}
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
        self._store(value)
        if isinstance(value, (list, dict)):
            if len(self._stack) >= _MAXIMUM_DEPTH:
                self._fault(line, path, "This is nested too deeply.", "Remove the extra brackets.")
                raise _GiveUp
            self._stack.append(_Open(value, path))

    def _store(self, value: Data) -> None:
        if not self._stack:
            self.document.data = value
            return
        top = self._stack[-1]
        if isinstance(top.container, list):
            top.container.append(value)
        else:
            top.container[str(top.key)] = value
            top.key = None

    def _showable(self, text: str, line: int, path: str) -> str:
        if _UNSHOWABLE.search(text):
            self._fault(
                line, path, "The text holds a control character.", "Type the text again, plainly."
            )
            return _UNSHOWABLE.sub("?", text)
        return text

    def _fault(self, line: int, path: str, message: str, remedy: str) -> None:
        self._faults.add(Fault(self.document.file, line, path, message, remedy))


def _resolve(text: str) -> Data:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
