"""Who runs the clockwork: one process at a time leads it, for as long as it says so.

The lease keeps two from doing the same work. Nothing is harmed if two do: every step looks at
its own rows again, under their locks. So a clock that is wrong costs some work and no more
(``docs/decisions/0008-one-leads-the-clockwork.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.storage import lease as leases
from longwave.storage.tables import Lease

_CLOCKWORK = "clockwork"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process: ``life`` tells it from another that had the same number before it."""

    host: str
    pid: int
    life: str

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.life}"

    @classmethod
    def read(cls, text: str) -> Holder:
        """Read what `str` wrote."""
        host, pid, life = text.rsplit(":", 2)
        return cls(host, int(pid), life)


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads, since when, and until when unless it says so again."""

    holder: Holder
    since: datetime
    until: datetime


def hold(
    session: Session,
    holder: Holder,
    span: timedelta,
    *,
    now: datetime,
    instead_of: Holder | None = None,
) -> bool:
    """Lead from now on, or go on leading; return False where another does.

    Who is known to be gone gives way at once: ``instead_of``.
    """
    wanted = Lease(name=_CLOCKWORK, holder=str(holder), taken_at=now, until=now + span)
    gone = str(instead_of) if instead_of else None
    return leases.hold(session, wanted, instead_of=gone)


def give_back(session: Session, holder: Holder) -> None:
    """Lead no longer, so that another can at once."""
    leases.give_back(session, _CLOCKWORK, str(holder))


def leader(session: Session, *, now: datetime) -> Leader | None:
    """Return who leads, or None if nobody has said so for as long as a lease lasts."""
    found = leases.find(session, _CLOCKWORK)
    if found is None or found.until <= now:
        return None
    return Leader(Holder.read(found.holder), found.taken_at, found.until)
