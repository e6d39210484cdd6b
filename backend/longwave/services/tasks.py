"""What the clockwork cannot settle: put before the team, and done by somebody of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer, message_is_shown, waves_that_tell
from longwave.domain.errors import NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import Channel
from longwave.domain.permissions import Action
from longwave.domain.tasks import OF_MESSAGES, OF_NO_ARM, WHAT_TO_DO, TaskKind
from longwave.services import audit
from longwave.services.study import current_protocol
from longwave.storage import message as messages
from longwave.storage import task as tasks
from longwave.storage.tables import Participant, Study, Task
from longwave.storage.tables.base import key
from longwave.storage.task import FoundTask, SentMessage

_CHANNEL = {
    TaskKind.ADDRESS_BOUNCED: (Channel.EMAIL,),
    TaskKind.NUMBER_BOUNCED: (Channel.SMS,),
    TaskKind.COMPLAINT: tuple(Channel),
}


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task as its reader may see it.

    ``name`` finds it again. It counts the tasks that this reader may see, so that none is
    missing; ``added_at`` is from when on there was something to see.
    """

    name: str
    kind: str
    what: str
    participant: str | None
    added_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None


def add(
    session: Session,
    study_id: int,
    kind: TaskKind,
    about: str,
    *,
    participant: Participant | None = None,
    now: datetime,
) -> bool:
    """Put a task before the team; False if there was one of this kind about the same thing.

    The caller holds whatever the task is about, so that nobody else adds it at the same time.

    Parameters
    ----------
    about
        What it hangs on: the id of a message, for the kinds that messages bring about.
    """
    if tasks.find(session, study_id, kind, about) is not None:
        return False
    task = Task(
        study_id=study_id,
        participant_id=participant.id if participant else None,
        kind=kind,
        about=about,
        added_at=now,
    )
    session.add(task)
    _record(session, task, "task.added", {}, actor="clockwork", now=now)
    return True


def read_tasks(
    session: Session, study: Study, viewer: Viewer, *, now: datetime, done: bool = False
) -> list[ShownTask]:
    """Return what is to be done, or (``done``) what was, the oldest first."""
    viewer.require(Action.SEE_TASKS)
    shown = _shown(session, study, viewer, Action.SEE_TASKS, now)
    return [told for _, told in shown if (told.done_at is not None) == done]


def do_task(
    session: Session, study: Study, name: str, *, note: str, viewer: Viewer, now: datetime
) -> None:
    """Note that a task is done; ``note`` says how, and names nobody.

    Raises
    ------
    NotFoundError
        If there is none of this name that this person may see.
    RefusedTransitionError
        If it was done before.
    """
    viewer.require(Action.DO_TASKS)
    found = next(
        (
            task
            for task, told in _shown(session, study, viewer, Action.DO_TASKS, now)
            if told.name == name
        ),
        None,
    )
    if found is None:
        raise NotFoundError("There is no such task at your sites.", "Look at the list of tasks.")
    if found.done_at is not None:
        raise RefusedTransitionError("This task was done before.", "Nothing more to do.")
    finish(session, found, note=note.strip() or None, actor=viewer.name, now=now)


def finish(session: Session, task: Task, *, note: str | None, actor: str, now: datetime) -> None:
    """Note that a task is done."""
    task.done_at, task.done_by, task.note = now, actor, note
    _record(session, task, "task.done", {"note": note} if note else {}, actor=actor, now=now)


def _record(
    session: Session, task: Task, kind: str, more: dict[str, str], *, actor: str, now: datetime
) -> None:
    payload = {"kind": task.kind, **more}
    if task.kind in OF_MESSAGES:
        message = messages.by_id(session, int(task.about))
        payload |= {"message": message.kind, "step": message.step}
    audit.note(
        session,
        kind,
        payload,
        study_id=task.study_id,
        participant_id=task.participant_id,
        actor=actor,
        now=now,
    )
    session.flush()


def _shown(
    session: Session, study: Study, viewer: Viewer, action: Action, now: datetime
) -> list[tuple[Task, ShownTask]]:
    """Return the tasks that somebody may see, each with what they may see of it."""
    found = tasks.of_study(session, key(study), viewer.sites_for(action))
    since = {key(each.task): each.task.added_at for each in found}
    if viewer.blinded:
        since = _seen_by_the_blinded(session, study, found, now)
    numbers: Counter[tuple[str, str]] = Counter()
    shown = []
    for each in sorted(found, key=lambda each: (since.get(key(each.task), now), key(each.task))):
        if key(each.task) in since:
            whose = each.participant.public_id if each.participant else "study"
            numbers[whose, each.task.kind] += 1
            name = f"{whose}.{each.task.kind}.{numbers[whose, each.task.kind]}"
            shown.append((each.task, _told(each, name, since[key(each.task)], viewer)))
    return shown


def _seen_by_the_blinded(
    session: Session, study: Study, found: Iterable[FoundTask], now: datetime
) -> dict[int, datetime]:
    """Return from when on the blinded may see each task that they may see.

    One that a message about a hidden wave brought about would tell them of that wave. They see it
    from the next message on that they may know of: it would have come back as well.
    """
    found = [
        each
        for each in found
        if each.task.kind in OF_MESSAGES | OF_NO_ARM or each.participant is None
    ]
    hidden = waves_that_tell(current_protocol(session, study))
    people = {each.task.participant_id for each in found} - {None}
    sent: defaultdict[int, list[SentMessage]] = defaultdict(list)
    for message in tasks.messages_to(session, [who for who in people if who is not None]):
        if message_is_shown(message.kind, message.wave, hidden):
            sent[message.participant_id].append(message)
    since = {}
    for task, participant in found:
        if participant is None or task.kind in OF_NO_ARM:
            since[key(task)] = task.added_at
            continue
        seen = _first_seen(task, sent[key(participant)], now)
        if seen is not None:
            since[key(task)] = seen
    return since


def _first_seen(task: Task, sent: list[SentMessage], now: datetime) -> datetime | None:
    if any(str(message.id) == task.about for message in sent):
        return task.added_at
    upto = task.done_at or now
    channels = _CHANNEL[TaskKind(task.kind)]
    return next(
        (
            message.planned_at
            for message in sent
            if message.channel in channels and task.added_at <= message.planned_at <= upto
        ),
        None,
    )


def _told(found: FoundTask, name: str, since: datetime, viewer: Viewer) -> ShownTask:
    task = found.task
    return ShownTask(
        name=name,
        kind=task.kind,
        what=WHAT_TO_DO.get(task.kind, ""),
        participant=found.participant.public_id if found.participant else None,
        added_at=since,
        done_at=task.done_at,
        done_by=task.done_by,
        # Whoever wrote it may have known the arm.
        note=None if viewer.blinded else task.note,
    )
