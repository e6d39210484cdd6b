"""The file of one message in one language: its head, and its body in Markdown.

Subject: Your questionnaire is ready
SMS: Your questionnaire is ready until {{ closes_at }}: {{ link }}

Hello,

...
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from longwave.domain.texts.flaws import Flaw
from longwave.domain.texts.markup import flaws_of_markup, forms
from longwave.domain.texts.template import Template, gaps, stray_braces, template
from longwave.domain.texts.variables import LINK, NOT_IN_SUBJECTS, ONLY_IN_BODIES, VARIABLES

LONGEST_SUBJECT = 78
LONGEST_SMS = 320
LONGEST_FILE = 16_384
"""In characters, variables as they are written."""

_HEAD = re.compile(r"([A-Za-z]+):[ \t]*(.*)")
SUBJECT, SMS = "subject", "sms"


@dataclass(frozen=True, slots=True)
class Filled:
    """What one message says: ``html`` is inner HTML, ``sms`` None where the file has none."""

    subject: str
    plain: str
    html: str
    sms: str | None


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """The text of one message in one language, compiled."""

    subject: Template
    plain: Template
    html: Template
    sms: Template | None

    def fill(self, values: Mapping[str, str]) -> Filled:
        """Return the message for one reader."""
        escaped = {name: html.escape(value) for name, value in values.items()}
        return Filled(
            subject=self.subject.fill(values),
            plain=self.plain.fill(values),
            html=self.html.fill(escaped),
            sms=None if self.sms is None else self.sms.fill(values),
        )

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it needs."""
        return (
            self.subject.variables
            | self.plain.variables
            | (self.sms.variables if self.sms else frozenset())
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file, and the line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file in its parts: the lines of its head by name in small letters, and its body.

    ``apart`` tells whether an empty line stands between them.
    """

    head: Mapping[str, Part]
    body: Part
    apart: bool


@lru_cache(maxsize=1024)
def message_template(source: str) -> MessageTemplate:
    """Return a message without flaws compiled; the same text is compiled once per process."""
    found = parts_of(source)
    plain, marked_up = forms(found.body.text)
    sms = found.head.get(SMS)
    return MessageTemplate(
        subject=template(found.head[SUBJECT].text),
        plain=plain,
        html=marked_up,
        sms=None if sms is None else template(sms.text),
    )


def flaws_of(source: str, variables: Collection[str]) -> list[Flaw]:
    """Return what is wrong with the text of a message, in the order of its lines.

    ``variables`` are those that this kind of message has.
    """
    if len(source) > LONGEST_FILE:
        return [Flaw(1, f"The text has over {LONGEST_FILE} characters.", "Shorten the message.")]
    return sorted(_flaws(source, variables), key=lambda flaw: flaw.line)


def _flaws(source: str, variables: Collection[str]) -> Iterator[Flaw]:
    found = parts_of(source)
    yield from _flaws_of_head(found)
    subject, sms = found.head.get(SUBJECT), found.head.get(SMS)
    if subject is not None:
        yield from _flaws_of_gaps(subject, set(variables) - NOT_IN_SUBJECTS, "a subject")
        yield from _flaws_of_length(subject, LONGEST_SUBJECT, "subject")
    if sms is not None:
        yield from _flaws_of_gaps(sms, set(variables) - ONLY_IN_BODIES, "an SMS")
        yield from _flaws_of_length(sms, LONGEST_SMS, "SMS")
        yield from _flaws_of_link(sms, "SMS")
    yield from _flaws_of_gaps(found.body, variables, "this message")
    yield from _flaws_of_link(found.body, "body")
    yield from flaws_of_markup(found.body.text, found.body.line)


def parts_of(source: str) -> Source:
    """Split the text of a file."""
    lines = source.replace("\r\n", "\n").split("\n")
    head: dict[str, Part] = {}
    at = 0
    while at < len(lines) and (found := _HEAD.fullmatch(lines[at])):
        if found[1].lower() in head:
            break
        head[found[1].lower()] = Part(found[2].strip(), at + 1)
        at += 1
    apart = at == len(lines) or not lines[at].strip()
    while at < len(lines) and not lines[at].strip():
        at += 1
    return Source(head, Part("\n".join(lines[at:]), at + 1), apart)


def _flaws_of_head(found: Source) -> Iterator[Flaw]:
    if SUBJECT not in found.head:
        yield Flaw(
            1,
            "The message has no subject.",
            "Begin the file with 'Subject: ...', then an empty line and the text.",
        )
    elif not found.apart:
        yield Flaw(
            found.body.line,
            "No empty line parts the head of the message from its text.",
            "Write Subject and SMS once each, then an empty line.",
        )
    for name, part in found.head.items():
        if name not in (SUBJECT, SMS):
            yield Flaw(
                part.line,
                f"There is no line {name[:40]!r} in the head of a message.",
                "Write Subject and SMS alone there, and an empty line before the text.",
            )
        elif not part.text:
            yield Flaw(part.line, f"The line {name!r} is empty.", "Write its text, or remove it.")


def _flaws_of_gaps(part: Part, allowed: Collection[str], where: str) -> Iterator[Flaw]:
    names = ", ".join(name for name in VARIABLES if name in allowed)
    for gap in gaps(part.text):
        line = part.line + gap.line - 1
        if gap.name is None:
            yield Flaw(
                line,
                f"Between double braces stands {gap.written[:60]!r}, not the name of a variable.",
                f"Write one of: {names}. Nothing is computed there.",
            )
        elif gap.name not in allowed:
            known = "is not known in" if gap.name in VARIABLES else "does not exist for"
            yield Flaw(
                line,
                f"The variable {gap.name[:60]!r} {known} {where}.",
                f"Write one of: {names}.",
            )
    for sign, line in stray_braces(part.text):
        yield Flaw(
            part.line + line - 1,
            f"{sign!r} does not belong to a variable.",
            "Write variables on one line as {{ link }}; there are no statements and comments.",
        )


def _flaws_of_length(part: Part, most: int, what: str) -> Iterator[Flaw]:
    if len(part.text) > most:
        yield Flaw(
            part.line,
            f"The {what} has {len(part.text)} characters; {most} are the most.",
            "Shorten it.",
        )


def _flaws_of_link(part: Part, what: str) -> Iterator[Flaw]:
    if all(gap.name != LINK for gap in gaps(part.text)):
        yield Flaw(
            part.line,
            f"The {what} lacks {{{{ {LINK} }}}}, so that nobody could answer.",
            f"Write {{{{ {LINK} }}}} where the link is to stand.",
        )
