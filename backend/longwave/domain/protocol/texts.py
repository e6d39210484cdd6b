"""The texts of messages that a protocol brings along, and what they may not say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import Fault
from longwave.domain.protocol.messaging import MessageTexts
from longwave.domain.protocol.model import Protocol
from longwave.domain.protocol.names import unknown
from longwave.domain.protocol.people import read_documents
from longwave.domain.protocol.programme import Text
from longwave.domain.protocol.references import PLACEHOLDER, message_texts
from longwave.domain.texts import VARIABLES, flaws_of
from longwave.domain.texts.message import SMS, SUBJECT, Part, parts_of
from longwave.domain.texts.variables import IN_REMINDERS

_SHORTEST_NAME = 3
"""Ids such as ``a`` stand in every sentence."""


def read_texts(
    block: Block | None, languages: Sequence[str], files: Mapping[str, bytes]
) -> MessageTexts:
    """Read the block ``texts`` of the messages; what it lacks is said in Longwave's own words."""
    texts = None if block is None else block.block("texts", "message_texts")
    if texts is None:
        return MessageTexts()
    waves = {
        name: MessageTexts(*_read_kinds(found, languages, files))
        for name, found in texts.named_blocks("waves", "wave_texts")
    }
    return MessageTexts(*_read_kinds(texts, languages, files), waves)


def read_calendar(block: Block | None) -> tuple[str, ...]:
    """Read for which waves a file for the reader's calendar goes along."""
    return () if block is None else block.identifiers("calendar")


def _read_kinds(
    block: Block, languages: Sequence[str], files: Mapping[str, bytes]
) -> tuple[Text, tuple[Text, ...]]:
    def read(field: str, template: str) -> Text:
        example = "texts/messages/{language}.md"
        return read_documents(block, field, template, languages, files, example)

    invitation = block.optional_text("invitation") or ""
    reminders = enumerate(block.texts_in("reminders"))
    return read("invitation", invitation), tuple(
        read(f"reminders[{index}]", template) for index, template in reminders
    )


def check_texts(root: Block, protocol: Protocol, files: Mapping[str, bytes]) -> None:
    """Note what is wrong with the texts of messages, and what in them tells topic or arm."""
    _check_waves(root, protocol)
    names = list(_telling(protocol))
    titles = list(_naming_the_study(protocol))
    for field, is_reminder, template in message_texts(root.document.data):
        if root.faulty(field):
            continue
        variables = [name for name in VARIABLES if is_reminder or name not in IN_REMINDERS]
        for language in protocol.study.languages:
            path = template.replace(PLACEHOLDER, language)
            text = files[path].decode("utf-8-sig", "replace")
            for flaw in flaws_of(text, variables):
                root.faults.add(Fault(path, flaw.line, field, flaw.message, flaw.remedy))
            _check_names(root, field, path, text, names, titles)


def _check_waves(root: Block, protocol: Protocol) -> None:
    known = [wave.id for wave in protocol.waves]
    sampled = {wave.id for wave in protocol.waves if wave.sampling is not None}
    texts = protocol.messages.texts
    for wave in texts.waves:
        unknown(root, f"messages.texts.waves.{wave}", wave, known, "wave")
    for index, wave in enumerate(protocol.messages.calendar):
        field = f"messages.calendar[{index}]"
        if not unknown(root, field, wave, known, "wave") and wave in sampled:
            root.fault(
                field,
                f"The prompts of {wave!r} come when nobody expects them.",
                "Remove the wave from the list.",
            )
    sent = {wave.id: len(protocol.reminders_of(wave)) for wave in protocol.waves}
    _check_reminders(root, "messages.texts", texts, max(sent.values(), default=0))
    for wave, own in texts.waves.items():
        if wave in sent:
            _check_reminders(root, f"messages.texts.waves.{wave}", own, sent[wave])


def _check_reminders(root: Block, base: str, texts: MessageTexts, sent: int) -> None:
    for index in range(sent, len(texts.reminders)):
        if not root.faulty("messages.reminders"):
            root.fault(
                f"{base}.reminders[{index}]",
                f"There is no reminder {index + 1}.",
                "Remove the text, or add a reminder to messages.reminders or to the wave.",
            )


def _telling(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Yield the names that would tell topic or arm, and what each is."""
    for kind, named in (("arm", protocol.arms), ("programme", protocol.programmes)):
        for name, found in named.items():
            yield name, f"the id of {_an(kind)}"
            yield from ((label, f"the label of {_an(kind)}") for label in found.label.values())
    for instrument in protocol.instruments.values():
        for title in instrument.title.values():
            yield title, "the title of an instrument"


def _naming_the_study(protocol: Protocol) -> Iterator[tuple[str, str]]:
    yield protocol.study.slug, "the study's name"
    for title in protocol.study.title.values():
        yield title, "the study's title"


def _an(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _check_names(
    root: Block,
    field: str,
    path: str,
    text: str,
    names: Sequence[tuple[str, str]],
    titles: Sequence[tuple[str, str]],
) -> None:
    found = parts_of(text)
    head = [found.head[name] for name in (SUBJECT, SMS) if name in found.head]
    for part in (*head, found.body):
        for name, what in names if part is found.body else (*names, *titles):
            line = _line_of(name, part)
            if line is not None:
                message = f"The text names {name[:60]!r}, {what}."
                root.faults.add(Fault(path, line, field, message, _REMEDY))


_REMEDY = (
    "Say it otherwise: others may see the message, and it is the same in every arm. Topic and arm "
    "are told on the participant's own page alone."
)


def _line_of(name: str, part: Part) -> int | None:
    """Return the line on which a part of a message names something; None if it does not."""
    words = [re.escape(word) for word in _folded(name).split()]
    if sum(map(len, words)) < _SHORTEST_NAME:
        return None
    text = _folded(part.text)
    found = re.search(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", text)
    return None if found is None else part.line + text.count("\n", 0, found.start())


def _folded(text: str) -> str:
    """Return a text without what tells capital letters or stress apart, dotted i's included."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[*`\u0307]", "", plain).replace("ı", "i")
