"""The canonical form of a protocol, and the hash by which a version is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from longwave.domain.protocol.document import Data


def canonical_form(
    data: Data,
    files: Mapping[str, bytes],
    referred: Iterable[str],
    media: Mapping[str, str] | None = None,
) -> bytes:
    """Return sorted JSON of the protocol's data and of the SHA-256 of every file referred to.

    Order of keys, comments and white space of ``protocol.yaml`` leave no trace in it; any
    content does, and so does any byte of a file that is referred to. ``media`` gives the SHA-256
    of files whose content is not at hand.
    """
    known = media or {}
    digests = {
        path: known.get(path) or hashlib.sha256(files[path]).hexdigest() for path in referred
    }
    form = {"protocol": data, "files": digests}
    return json.dumps(form, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def protocol_hash(
    data: Data,
    files: Mapping[str, bytes],
    referred: Iterable[str],
    media: Mapping[str, str] | None = None,
) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical_form(data, files, referred, media)).hexdigest()
