"""What benchmarks of the clockwork share: many participants who wait for their next wave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from factories.lab import Lab
from sqlalchemy import insert, select, update
from sqlmodel import SQLModel, col

from longwave.domain.public_id import public_id
from longwave.keys import Purpose, token_hash
from longwave.storage.tables import (
    Allocation,
    ArmPeriod,
    Assessment,
    Consent,
    Contact,
    Participant,
    PersonalKey,
)

_THEIRS: tuple[type[SQLModel], ...] = (
    Participant,
    PersonalKey,
    Contact,
    Consent,
    Allocation,
    ArmPeriod,
    Assessment,
)
_BATCH = 500
_FIRST = 1_000_000


def gather(lab: Lab, number: int) -> None:
    """Add so many participants who were randomised and have their first follow-up before them.

    Each is a copy of one who came there through the services, under an address of their own.
    """
    template = _rows_of(lab, lab.randomise())
    people = iter(range(_FIRST, _FIRST + number))
    while batch := list(islice(people, _BATCH)):
        with lab.database.engine.begin() as connection:
            for table in _THEIRS:
                rows = [
                    _copy(lab, person, table, row) for person in batch for row in template[table]
                ]
                if rows:
                    connection.execute(insert(table), rows)


def let_open(lab: Lab, at: datetime) -> None:
    """Let the windows of all whom `gather` added open at a moment."""
    with lab.database.engine.begin() as connection:
        connection.execute(
            update(Assessment)
            .where(col(Assessment.participant_id) >= _FIRST, col(Assessment.wave) == "w1")
            .values(opens_at=at)
        )


def _rows_of(lab: Lab, person: int) -> dict[type[SQLModel], list[dict[str, Any]]]:
    with lab.database.engine.connect() as connection:
        return {table: [dict(row) for row in _read(connection, table, person)] for table in _THEIRS}


def _read(connection: Any, table: Any, person: int) -> Iterator[Any]:
    whose = table.id if table is Participant else table.participant_id
    return connection.execute(select(table.__table__).where(whose == person)).mappings()


def _copy(lab: Lab, person: int, table: Any, row: dict[str, Any]) -> dict[str, Any]:
    copied = {name: value for name, value in row.items() if name != "id"}
    if table is Participant:
        return {**copied, "id": person, "public_id": public_id(person)}
    copied["participant_id"] = person
    if table is Contact:
        address = f"person{person}@clinic.example".encode()
        sealed = lab.keys.encrypt(Purpose.CONTACT, address, public_id(person))
        return {**copied, "name": sealed, "email": sealed, "digest": str(person)}
    if table is Allocation:
        return {**copied, "position": person}
    if table is Assessment:
        uid = uuid4().hex
        return {**copied, "uid": uid, "token_hash": token_hash(lab.keys.link_token(uid))}
    return copied
