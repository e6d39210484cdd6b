"""Leases: which process has a part of the work to itself."""

from __future__ import annotations

from sqlalchemy import bindparam, case, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from longwave.storage.tables import Lease


def hold(session: Session, wanted: Lease, *, instead_of: str | None = None) -> bool:
    """Take a lease that is free or over, or prolong one's own; return whether it is held now.

    One statement decides. It is also taken from the holder ``instead_of``, who is known to be
    gone. ``taken_at`` stays what it was for whoever prolongs.
    """
    values = wanted.model_dump()
    result = session.connection().execute(
        _HOLD[session.get_bind().dialect.name],
        {**values, "gone": instead_of or wanted.holder},
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount == 1


def _hold(dialect: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    new, holder = dialect.excluded, col(Lease.holder)
    return dialect.values(
        {name: bindparam(name) for name in ("name", "holder", "taken_at", "until")}
    ).on_conflict_do_update(
        index_elements=[col(Lease.name)],
        set_={
            "holder": new["holder"],
            "taken_at": case((holder == new["holder"], col(Lease.taken_at)), else_=new["taken_at"]),
            "until": new["until"],
        },
        where=or_(
            holder == new["holder"],
            holder == bindparam("gone"),
            col(Lease.until) <= new["taken_at"],
        ),
    )


_HOLD = {
    "postgresql": _hold(postgresql.insert(Lease)),
    "sqlite": _hold(sqlite.insert(Lease)),
}


def give_back(session: Session, name: str, holder: str) -> None:
    """End a lease, if it is still this holder's."""
    session.connection().execute(
        delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder)
    )


def find(session: Session, name: str) -> Lease | None:
    """Return a lease, even one that is over, if there is one."""
    return session.get(Lease, name)
