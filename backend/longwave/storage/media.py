"""The audio files of protocols: kept once each, read a piece at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import LargeBinary, bindparam, cast, func
from sqlmodel import Session, col, select

from longwave.storage.tables import Media

PIECE = 262_144
"""Bytes that are read of a file at once."""


def keep(session: Session, hash_: str, kind: str, content: bytes) -> None:
    """Keep a file, unless it is kept already."""
    known = session.exec(select(Media.size).where(Media.hash == hash_)).one_or_none()
    if known is None:
        session.add(Media(hash=hash_, type=kind, size=len(content), content=content))
        session.flush()


def piece(session: Session, hash_: str, start: int, length: int) -> bytes:
    """Return ``length`` bytes of a file from ``start`` on, fewer at its end."""
    parameters = {"hash": hash_, "first": start + 1, "length": length}
    found = session.execute(_PIECE, parameters).scalar_one()
    return bytes(found)


_PIECE = select(
    cast(func.substr(Media.content, bindparam("first"), bindparam("length")), LargeBinary)
).where(col(Media.hash) == bindparam("hash"))


def is_whole(session: Session, hash_: str) -> bool:
    """Whether a file is kept whose content has this SHA-256."""
    size = session.exec(select(Media.size).where(Media.hash == hash_)).one_or_none()
    if size is None:
        return False
    digest = hashlib.sha256()
    for content in pieces(session, hash_, size):
        digest.update(content)
    return digest.hexdigest() == hash_


def pieces(session: Session, hash_: str, size: int) -> Iterator[bytes]:
    """Give a file of ``size`` bytes a piece at a time."""
    for start in range(0, size, PIECE):
        yield piece(session, hash_, start, PIECE)
