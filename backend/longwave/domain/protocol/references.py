"""Which files a protocol refers to; told from its data even where other things are wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from longwave.domain.protocol.block import IDENTIFIER, LANGUAGE
from longwave.domain.protocol.document import Data, read_document
from longwave.domain.protocol.faults import FaultList
from longwave.domain.protocol.instruments import instrument_file, wording_file

PROTOCOL_FILE = "protocol.yaml"
PLACEHOLDER = "{language}"
_DOCUMENT = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_{}-]+(?:\.[A-Za-z0-9_{}-]+)*\.md")
_MOST = 200


@dataclass(frozen=True, slots=True)
class References:
    """What a protocol names outside itself."""

    languages: tuple[str, ...]
    instruments: tuple[str, ...]
    documents: tuple[str, ...]
    pages: tuple[str, ...]

    def files(self) -> tuple[str, ...]:
        """Return the paths of all files referred to, ``protocol.yaml`` apart."""
        paths = [*self.documents]
        paths += [page_file(name, language) for name in self.pages for language in self.languages]
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


def references(data: Data) -> References:
    """Find what ``data``, the content of a ``protocol.yaml``, refers to; skip what is unusable."""
    languages = _words(_get(data, "study", "languages"), LANGUAGE)
    template = _get(data, "consent", "document")
    documents: tuple[str, ...] = ()
    if isinstance(template, str) and is_document_template(template.strip()):
        documents = tuple(template.strip().replace(PLACEHOLDER, name) for name in languages)
    waves = _entries(_get(data, "waves"))
    instruments = [name for wave in waves for name in _words(_get(wave, "instruments"), IDENTIFIER)]
    pages = _words([_get(rule, "show") for rule in _entries(_get(data, "safety"))], IDENTIFIER)
    return References(languages, tuple(dict.fromkeys(instruments))[:_MOST], documents, pages)


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
