"""Audio files of a protocol: what is taken, and what stands for one where its bytes do not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

MAXIMUM_MEDIA_BYTES = 20 * 1_048_576
_KINDS: tuple[tuple[str, re.Pattern[bytes], str], ...] = (
    (".mp3", re.compile(rb"ID3|\xff[\xe2-\xff]"), "audio/mpeg"),
    (".m4a", re.compile(rb".{4}ftyp", re.DOTALL), "audio/mp4"),
    (".ogg", re.compile(rb"OggS"), "audio/ogg"),
    (".wav", re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
)
MEDIA_ENDINGS = tuple(ending for ending, _, _ in _KINDS)
_POINTER = re.compile(r"sha256:([0-9a-f]{64}) ([0-9]{1,10}) (audio/[a-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Media:
    """An audio file: its SHA-256 in hexadecimal digits, its size in bytes, its media type."""

    hash: str
    size: int
    type: str

    def pointer(self) -> str:
        """Return one line that stands for the file where its content does not."""
        return f"sha256:{self.hash} {self.size} {self.type}"


def is_media(path: str) -> bool:
    """Return whether a path ends as that of an audio file does."""
    return path.endswith(MEDIA_ENDINGS)


def media_of(path: str, content: bytes) -> Media | None:
    """Return what an audio file is; None if its beginning is not that of what its name says."""
    for ending, beginning, kind in _KINDS:
        if path.endswith(ending) and beginning.match(content):
            return Media(hashlib.sha256(content).hexdigest(), len(content), kind)
    return None


def split_stored(stored: Mapping[str, str]) -> tuple[dict[str, bytes], dict[str, Media]]:
    """Return the text files and the audio files of a protocol as `stored_form` gave them."""
    files: dict[str, bytes] = {}
    media: dict[str, Media] = {}
    for path, text in stored.items():
        found = _POINTER.fullmatch(text) if is_media(path) else None
        if found is None:
            files[path] = text.encode()
        else:
            media[path] = Media(found[1], int(found[2]), found[3])
    return files, media


def stored_form(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return a checked protocol's files as text: audio files as pointers to their content."""
    return {path: _as_text(path, content) for path, content in files.items()}


def _as_text(path: str, content: bytes) -> str:
    media = media_of(path, content) if is_media(path) else None
    return content.decode() if media is None else media.pointer()
