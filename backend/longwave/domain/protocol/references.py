"""Which files a protocol refers to; told from its data even where other things are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longwave.domain.protocol.block import IDENTIFIER, LANGUAGE
from longwave.domain.protocol.document import Data, read_document
from longwave.domain.protocol.faults import FaultList
from longwave.domain.protocol.instruments import instrument_file, wording_file
from longwave.domain.protocol.media import MEDIA_ENDINGS

PROTOCOL_FILE = "protocol.yaml"
PLACEHOLDER = "{language}"
_DOCUMENT = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_{}-]+(?:\.[A-Za-z0-9_{}-]+)*\.md")
_MEDIA = re.compile(
    r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_{}-]+(?:\.[A-Za-z0-9_{}-]+)*(?:"
    + "|".join(map(re.escape, MEDIA_ENDINGS))
    + ")"
)
_MOST = 200


@dataclass(frozen=True, slots=True)
class References:
    """What a protocol names outside itself."""

    languages: tuple[str, ...]
    instruments: tuple[str, ...]
    documents: tuple[str, ...]
    pages: tuple[str, ...]
    messages: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()

    def files(self) -> tuple[str, ...]:
        """Return the paths of all files referred to, ``protocol.yaml`` apart."""
        paths = [*self.documents]
        paths += [page_file(name, language) for name in self.pages for language in self.languages]
        paths += self.messages
        paths += self.materials
        for instrument in self.instruments:
            paths.append(instrument_file(instrument))
            paths += [wording_file(instrument, language) for language in self.languages]
        return tuple(dict.fromkeys(paths))


def page_file(name: str, language: str) -> str:
    """Return the path of a page of help in one language."""
    return f"texts/{name}/{language}.md"


def is_document_template(template: str) -> bool:
    """Return whether ``template`` is a Markdown path inside the study with the placeholder."""
    plain = template.replace(PLACEHOLDER, "xx")
    return template.count(PLACEHOLDER) == 1 and _DOCUMENT.fullmatch(plain) is not None


def is_media_template(template: str) -> bool:
    """Return whether ``template`` is an audio file inside the study, for each language or all."""
    plain = template.replace(PLACEHOLDER, "xx")
    return template.count(PLACEHOLDER) <= 1 and _MEDIA.fullmatch(plain) is not None


def references(data: Data) -> References:
    """Find what ``data``, the content of a ``protocol.yaml``, refers to; skip what is unusable."""
    languages = _words(_get(data, "study", "languages"), LANGUAGE)
    documents = _in_each(languages, _get(data, "consent", "document"))
    written = [template for _, _, template in message_texts(data)]
    messages = [path for template in written for path in _in_each(languages, template)]
    waves = _entries(_get(data, "waves"))
    instruments = [name for wave in waves for name in _words(_get(wave, "instruments"), IDENTIFIER)]
    shown = [name for rule in _entries(_get(data, "safety")) for name in _pages(rule)]
    pages = _words(shown, IDENTIFIER)
    return References(
        languages,
        tuple(dict.fromkeys(instruments))[:_MOST],
        documents,
        pages,
        tuple(dict.fromkeys(messages)),
        tuple(dict.fromkeys(_materials(data, languages))),
    )


def _pages(rule: Data) -> list[Data]:
    """Return the names of the pages that a safety rule shows: everywhere, and by country."""
    show = _get(rule, "show")
    if not isinstance(show, dict):
        return [show]
    countries = _get(show, "countries")
    return [_get(show, "page"), *(countries.values() if isinstance(countries, dict) else ())]


def _materials(data: Data, languages: Sequence[str]) -> Iterator[str]:
    """Yield the files of what the sessions of programmes bring."""
    programmes = _get(data, "programmes")
    for programme in list(programmes.values())[:_MOST] if isinstance(programmes, dict) else ():
        for material in _entries(_get(programme, "materials")):
            yield from _in_each(languages, _get(material, "text"))
            audio = _get(material, "audio")
            if isinstance(audio, str) and is_media_template(audio.strip()):
                for language in languages:
                    yield audio.strip().replace(PLACEHOLDER, language)


def message_texts(data: Data) -> Iterator[tuple[str, bool, str]]:
    """Yield where a ``protocol.yaml`` names texts of messages.

    Each is a field such as ``messages.texts.reminders[0]``, whether that is of reminders, and
    what stands there.
    """
    field = "messages.texts"
    texts = _get(data, "messages", "texts")
    yield from _texts_in(texts, field)
    waves = _get(texts, "waves")
    if isinstance(waves, dict):
        for wave in list(waves)[:_MOST]:
            yield from _texts_in(waves[wave], f"{field}.waves.{wave}")


def _texts_in(texts: Data, field: str) -> Iterator[tuple[str, bool, str]]:
    invitation = _get(texts, "invitation")
    if isinstance(invitation, str):
        yield f"{field}.invitation", False, invitation.strip()
    for index, reminder in enumerate(_entries(_get(texts, "reminders"))):
        if isinstance(reminder, str):
            yield f"{field}.reminders[{index}]", True, reminder.strip()


def _in_each(languages: Sequence[str], template: Data) -> tuple[str, ...]:
    """Return the files of a template, one for each language; none if it is no template."""
    if not isinstance(template, str) or not is_document_template(template.strip()):
        return ()
    return tuple(template.strip().replace(PLACEHOLDER, name) for name in languages)


def referred_files(content: bytes) -> tuple[str, ...]:
    """Return the paths of the files that the text of a ``protocol.yaml`` refers to."""
    document = read_document(PROTOCOL_FILE, content, FaultList())
    return () if document is None else references(document.data).files()


def _get(data: Data, *keys: str) -> Data:
    for key in keys:
        if not isinstance(data, dict):
            return None
        data = data.get(key)
    return data


def _entries(data: Data) -> Sequence[Data]:
    return data[:_MOST] if isinstance(data, list) else []


def _words(data: Data, pattern: re.Pattern[str]) -> tuple[str, ...]:
    words = [word.strip() for word in _entries(data) if isinstance(word, str)]
    return tuple(dict.fromkeys(word for word in words if pattern.fullmatch(word)))
