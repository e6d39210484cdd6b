"""Due work, dealt with all at once; where some of it fails, one by one, so that the rest is done.

What fails is put back as it was, told of in the log and made a task for the team. It stays due:
when its cause is mended, the next sweep does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from longwave.domain.tasks import TaskKind
from longwave.services import tasks
from longwave.storage.tables import Participant

__all__ = ["deal", "one_by_one"]

_log = logging.getLogger(__name__)
_ONE_BY_ONE = "longwave_one_by_one"
_Due = TypeVar("_Due")


def one_by_one(session: Session) -> None:
    """Let `deal` take due work one by one in this session, each as if it were alone."""
    session.info[_ONE_BY_ONE] = True


def deal(
    session: Session,
    due: Sequence[_Due],
    act: Callable[[Sequence[_Due]], None],
    *,
    whose: Callable[[_Due], Participant],
    now: datetime,
) -> int:
    """Let ``act`` do what is due.

    Parameters
    ----------
    act
        Does what it is given, and flushes.
    whose
        Says whose each is.

    Returns
    -------
    int
        How many were dealt with; none where all of them failed.
    """
    if not session.info.get(_ONE_BY_ONE):
        act(due)
        return len(due)
    done = [one for one in due if _is_done(session, one, act, whose(one), now)]
    return len(due) if done else 0


def _is_done(
    session: Session,
    one: _Due,
    act: Callable[[Sequence[_Due]], None],
    participant: Participant,
    now: datetime,
) -> bool:
    number, public_id, study_id = participant.id, participant.public_id, participant.study_id
    try:
        with session.begin_nested():
            act([one])
    except Exception:
        _log.exception("what was due for %s failed and is tried again later", public_id)
        tasks.add(
            session,
            study_id,
            TaskKind.CLOCKWORK_FAILED,
            f"participant {number}",
            participant=participant,
            now=now,
        )
        return False
    return True
