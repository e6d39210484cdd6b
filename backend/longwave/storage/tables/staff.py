"""People who sign in."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from longwave.domain.lifecycle import Role
from longwave.storage.tables.base import Utc, one_of


class Staff(SQLModel, table=True):
    """One member of staff. Of the token only the SHA-256 is kept."""

    __table_args__ = (one_of("role", Role),)

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    role: str
    blinded: bool
    token_hash: str = Field(unique=True)
    added_at: datetime = Field(sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
