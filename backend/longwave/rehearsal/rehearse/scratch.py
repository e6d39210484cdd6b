"""A database that nobody will miss, with a protocol opened in it as a trial run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.domain.protocol import Protocol
from longwave.domain.randomisation import factor_levels, stratum_of
from longwave.keys import KeyRing
from longwave.rehearsal.rehearse.plan import Plan
from longwave.services import study as studies
from longwave.storage import migration
from longwave.storage.database import Database
from longwave.storage.marking import Marker
from longwave.storage.tables import Study

ACTOR = "rehearsal"
DIRECTOR = Viewer(ACTOR, Role.OWNER, blinded=False)


class ScratchDatabase(Database):
    """Hands out one session for everything, and never commits it.

    Nobody else reads it and nothing of it is kept; so whoever wrote a moment ago need not be
    asked for again. A failure ends the rehearsal, and takes all with it.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, durable=False)
        self._session = Session(self.engine, expire_on_commit=False)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give the session; what was changed is flushed when the block ends."""
        yield self._session
        self._session.flush()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give the session, which sees what was written."""
        yield self._session

    @contextmanager
    def marking(self) -> Iterator[Marker]:
        """Give what marks in the same transaction as all the rest."""
        yield Marker(self._session.connection(), nullcontext())

    def close(self) -> None:
        """Forget everything."""
        self._session.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch database, its study and its keys."""

    database: Database
    keys: KeyRing
    protocol: Protocol
    study: Study


@contextmanager
def scratch_study(
    plan: Plan,
    protocol: Protocol,
    url: str,
    *,
    opens_at: datetime,
    opener: Callable[[str], Database] = ScratchDatabase,
) -> Iterator[Scratch]:
    """Open a protocol as a trial run in an empty database.

    Sealed settings follow from the seed; lists that are not written into the protocol are made
    up, balanced, and long enough for everybody.

    Raises
    ------
    LongwaveError
        If the protocol cannot open.
    """
    keys = KeyRing(hashlib.sha256(f"rehearsal {plan.seed}".encode()).hexdigest())
    draws = np.random.default_rng([plan.seed, 1])
    migration.upgrade(url)
    database = opener(url)
    try:
        with database.writing() as session:
            study = studies.add_study(session, plan.files, actor=ACTOR, now=opens_at)
            studies.open_study(
                session,
                study.slug,
                trial_run=True,
                keys=keys,
                viewer=DIRECTOR,
                now=opens_at,
                lists=_lists(protocol, plan.participants, draws),
                entropy=draws.bytes,
            )
        yield Scratch(database, keys, protocol, study)
    finally:
        database.close()


def _lists(
    protocol: Protocol, participants: int, draws: np.random.Generator
) -> dict[str, tuple[str, ...]] | None:
    """Make up the lists of a study that randomises by lists and does not tell them."""
    plan = protocol.randomisation
    if plan is None or plan.method != "list" or (plan.inline and plan.inline.lists):
        return None
    levels = factor_levels(protocol)
    block = [arm for arm, share in plan.ratio.items() for _ in range(share)]
    blocks = -(-participants // len(block))
    return {
        stratum_of(tuple(levels), dict(zip(levels, chosen, strict=True))): tuple(
            str(arm) for _ in range(blocks) for arm in draws.permutation(block)
        )
        for chosen in product(*levels.values())
    }
