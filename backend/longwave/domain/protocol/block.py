"""A typed view of one mapping in a YAML file, which notes every fault and carries on.

Each getter returns the value, or a neutral one after noting what is wrong, so that a single
reading finds all faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from longwave.domain.duration import Duration
from longwave.domain.protocol.document import Data, Document
from longwave.domain.protocol.faults import Fault, FaultList, listed, suggest
from longwave.domain.protocol.fields import FIELDS

FORMAT_VERSION = 1
IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_LONGEST_IDENTIFIER = 32
_LONGEST_DURATION_IN_DAYS = 36_525

Choice = TypeVar("Choice", bound=str)


class Block:
    """One mapping of ``document`` at ``path``, whose fields are those of ``kind``.

    ``usable`` is false where something else than a mapping stands in its place.
    """

    def __init__(
        self, document: Document, path: str, data: Data, kind: str, faults: FaultList
    ) -> None:
        self.document = document
        self.path = path
        self.faults = faults
        self._kind = kind
        self._data: dict[str, Data] = {}
        self.usable = isinstance(data, dict)
        if isinstance(data, dict):
            self._data = data
            self._check_names()
        else:
            self.fault("", "A block of fields is expected here.", f"Give it {self._known()}.")

    def _known(self) -> str:
        return ", ".join(FIELDS[self._kind].known)

    def _check_names(self) -> None:
        fields = FIELDS[self._kind]
        for name in self._data:
            if fields.refused is not None and name in fields.refused:
                self.fault(name, f"{name!r} may not be given here.", fields.refused[name])
            elif name not in fields.known:
                hint = suggest(name, fields.known)
                self.fault(
                    name,
                    f"There is no field {name!r} here.{hint}",
                    f"Remove it, or use one of: {self._known()}.",
                )
        for name in fields.required:
            if self._data.get(name) is None:
                state = "is empty" if name in self._data else "is missing"
                self.fault(name, f"The field {name!r} {state}.", f"Add {name!r} with its value.")

    def at(self, field: str) -> str:
        """Return the path of ``field`` from the top of the file."""
        if not field or not self.path:
            return field or self.path
        return f"{self.path}{field}" if field.startswith("[") else f"{self.path}.{field}"

    def fault(self, field: str, message: str, remedy: str) -> None:
        """Note that ``field`` (a path inside this block) is wrong."""
        path = self.at(field)
        line = self.document.line(path)
        self.faults.add(Fault(self.document.file, line, path, message, remedy))

    def faulty(self, field: str = "") -> bool:
        """Return whether ``field``, or the whole block, is known to be wrong."""
        return self.faults.has_under(self.document.file, self.at(field))

    def has(self, field: str) -> bool:
        """Return whether ``field`` is given and not empty."""
        return self._data.get(field) is not None

    def raw(self, field: str) -> Data:
        """Return the value of ``field`` as it was written."""
        return self._data.get(field)

    def text(self, field: str) -> str:
        """Return a text that is not blank."""
        return self._as_text(field, self._data.get(field))

    def optional_text(self, field: str) -> str | None:
        """Return a text, or None where the field is not given."""
        return self.text(field) if self.has(field) else None

    def _as_text(self, field: str, value: Data) -> str:
        if value is None:
            return ""
        if isinstance(value, (bool, int, float)):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            self.fault(
                field,
                f"Text is expected; without quotes, {shown} is not text.",
                f'Put it in quotes: "{shown}".',
            )
            return ""
        if not isinstance(value, str):
            self.fault(field, "Text is expected here.", "Write one text, without further fields.")
            return ""
        if not value.strip():
            self.fault(field, "The text is blank.", "Write the text.")
        return value.strip()

    def identifier(self, field: str) -> str:
        """Return an id that can become part of a column's name."""
        return self.check_identifier(field, self._data.get(field))

    def check_identifier(self, field: str, value: Data) -> str:
        """Return ``value`` after noting a fault of ``field`` if it cannot be an id."""
        text = self._as_text(field, value)
        if text and (not IDENTIFIER.fullmatch(text) or len(text) > _LONGEST_IDENTIFIER):
            self.fault(
                field,
                f"{text[:60]!r} cannot be an id.",
                "Use lower-case letters, digits and single underscores, begin with a letter, "
                f"and stay within {_LONGEST_IDENTIFIER} characters; for instance 'w1'.",
            )
        return text

    def integer(self, field: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        value = self._data.get(field)
        if value is None:
            return low
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(
                field,
                f"A whole number from {low} to {high} is expected.",
                "Write the number in digits, without quotes.",
            )
            return low
        return value

    def number(self, field: str) -> float | None:
        """Return a number, or None where the field is not given."""
        value = self._data.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fault(
                field, "A number is expected.", "Write it in digits with a point, without quotes."
            )
            return None
        return float(value)

    def flag(self, field: str, default: bool) -> bool:
        """Return ``true`` or ``false``; ``default`` where the field is not given."""
        value = self._data.get(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(
                field, "Either true or false is expected.", "Write true or false, without quotes."
            )
            return default
        return value

    def one_of(
        self, field: str, choices: Sequence[Choice], default: Choice | None = None
    ) -> Choice:
        """Return one of ``choices``; ``default`` (or the first) where the field is not given."""
        text = self.text(field)
        for choice in choices:
            if choice == text:
                return choice
        if text:
            self.fault(
                field,
                f"{text[:60]!r} is not known here.{suggest(text, choices)}",
                f"Write {listed(choices)}.",
            )
        return choices[0] if default is None else default

    def duration(self, field: str) -> Duration:
        """Return an ISO 8601 duration."""
        return self._as_duration(field, self.text(field))

    def _as_duration(self, field: str, text: str) -> Duration:
        if not text:
            return Duration()
        if text.startswith("-"):
            self.fault(
                field,
                f"The duration {text!r} is negative.",
                "Write it without the minus sign; 'before' already means earlier.",
            )
            return Duration()
        try:
            duration = Duration.parse(text)
        except ValueError:
            self.fault(
                field,
                f"{text[:60]!r} is not an ISO 8601 duration.",
                "Write for instance P14D (14 days), P4W (4 weeks), P6M (6 months) or PT12H.",
            )
            return Duration()
        if duration.nominal_days() > _LONGEST_DURATION_IN_DAYS:
            self.fault(field, "The duration is over a century.", "Write a shorter duration.")
            return Duration()
        return duration

    def durations(self, field: str) -> tuple[Duration, ...]:
        """Return a list of durations."""
        return tuple(
            self._as_duration(f"{field}[{index}]", text)
            for index, text in enumerate(self.texts_in(field))
        )

    def times(self, field: str) -> tuple[str, ...]:
        """Return a list of times of day."""
        texts = self.texts_in(field)
        return tuple(self._as_time(f"{field}[{index}]", text) for index, text in enumerate(texts))

    def time(self, field: str) -> str | None:
        """Return a time of day as "HH:MM", or None where the field is not given."""
        text = self.optional_text(field)
        return None if text is None else self._as_time(field, text)

    def _as_time(self, field: str, text: str) -> str:
        if text and not _TIME.fullmatch(text):
            self.fault(
                field, f"{text[:60]!r} is not a time of day.", 'Write hours and minutes: "09:00".'
            )
            return ""
        return text

    def sequence(self, field: str) -> list[Data]:
        """Return a list."""
        return self._as_sequence(field, self._data.get(field))

    def _as_sequence(self, field: str, value: Data) -> list[Data]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(field, "A list is expected here.", "Write [first, second] or lines with -.")
            return []
        return value

    def texts_in(self, field: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return self._as_texts(field, self._data.get(field))

    def _as_texts(self, field: str, values: Data) -> tuple[str, ...]:
        return tuple(
            self._as_text(f"{field}[{index}]", value) or self._missing(f"{field}[{index}]", value)
            for index, value in enumerate(self._as_sequence(field, values))
        )

    def lists_in(self, field: str) -> dict[str, tuple[str, ...]]:
        """Return a mapping of the protocol's own words to lists of texts."""
        return {
            key: self._as_texts(f"{field}.{key}", values)
            for key, values in self.mapping(field).items()
        }

    def _missing(self, field: str, value: Data) -> str:
        if value is None:
            self.fault(field, "An entry of the list is empty.", "Write its value or remove it.")
        return ""

    def identifiers(self, field: str) -> tuple[str, ...]:
        """Return a list of ids, each of them once."""
        found: list[str] = []
        for index, text in enumerate(self.texts_in(field)):
            path = f"{field}[{index}]"
            name = self.check_identifier(path, text)
            if name and name in found:
                self.fault(path, f"{name!r} is listed twice.", "Remove one of the two.")
            found.append(name)
        return tuple(found)

    def mapping(self, field: str) -> dict[str, Data]:
        """Return a mapping whose keys are the protocol's own words."""
        value = self._data.get(field)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(field, "Names with values are expected here.", "Write {name: value}.")
            return {}
        return value

    def text_map(self, field: str) -> dict[str, str]:
        """Return a mapping of the protocol's own words to texts."""
        found: dict[str, str] = {}
        for key, value in self.mapping(field).items():
            path = f"{field}.{key}"
            found[key] = self._as_text(path, value) or self._missing(path, value)
        return found

    def texts(self, field: str, languages: Sequence[str]) -> dict[str, str]:
        """Return one text in each of ``languages``."""
        value = self._data.get(field)
        if value is None:
            return dict.fromkeys(languages, "")
        if not isinstance(value, dict):
            example = ", ".join(f"{language}: ..." for language in languages or ("en",))
            self.fault(
                field, "A text by language is expected here.", f"Write {field}: {{{example}}}."
            )
            return dict.fromkeys(languages, "")
        if not languages:
            return {}
        for language in value:
            if language not in languages:
                self.fault(
                    f"{field}.{language}",
                    f"{language!r} is not a language of this study.",
                    f"Remove it, or add {language!r} to study.languages.",
                )
        found: dict[str, str] = {}
        for language in languages:
            path = f"{field}.{language}"
            found[language] = self._as_text(path, value.get(language))
            if value.get(language) is None:
                self.fault(
                    path,
                    f"The text in language {language!r} is missing.",
                    f"Add {language}: ... to {self.at(field)}, or remove the language from "
                    "study.languages.",
                )
        return found

    def block(self, field: str, kind: str) -> Block | None:
        """Return the block at ``field``, or None where it is not given."""
        value = self._data.get(field)
        if value is None:
            return None
        return Block(self.document, self.at(field), value, kind, self.faults)

    def blocks(self, field: str, kind: str) -> list[Block]:
        """Return the blocks of the list at ``field``."""
        return [
            Block(self.document, self.at(f"{field}[{index}]"), value, kind, self.faults)
            for index, value in enumerate(self.sequence(field))
        ]

    def named_blocks(self, field: str, kind: str) -> Iterator[tuple[str, Block]]:
        """Yield the blocks of the mapping at ``field`` with their ids."""
        for name, value in self.mapping(field).items():
            path = f"{field}.{name}"
            self.check_identifier(path, name)
            yield name, Block(self.document, self.at(path), value, kind, self.faults)


def check_unique(blocks: Sequence[Block], ids: Sequence[str]) -> None:
    """Note every id that an earlier block of the same list has already."""
    seen: set[str] = set()
    for block, name in zip(blocks, ids, strict=True):
        if name and name in seen:
            block.fault("id", f"The id {name!r} is used twice.", "Give each one an id of its own.")
        seen.add(name)


def check_format(block: Block) -> None:
    """Note a version of the file format that this reader does not know."""
    version = block.raw("longwave")
    if version is not None and (isinstance(version, bool) or version != FORMAT_VERSION):
        block.fault(
            "longwave",
            "This version of the file format is not known.",
            f"Write 'longwave: {FORMAT_VERSION}'.",
        )
