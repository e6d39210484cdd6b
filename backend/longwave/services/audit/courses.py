"""Places in course groups and doses, held against the trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from longwave.domain.replay.course import CourseState
from longwave.services.audit.answers import dose_digest
from longwave.storage.record import StoredDose, StoredPlace


def findings(
    places: Sequence[StoredPlace], doses: Sequence[StoredDose], told: CourseState, *, erased: bool
) -> Iterator[str]:
    """Yield what does not follow from a participant's events."""
    held = {(row.programme, row.group): (row.joined_at, row.left_at) for row in places}
    if held != {where: (place.joined_at, place.left_at) for where, place in told.places.items()}:
        yield "group_member: the places are not those that follow from the trail"
    if erased:
        if doses:
            yield "dose: there are doses of somebody whose values were erased"
        return
    kept = {(row.programme, row.session): row for row in doses}
    if kept.keys() != told.doses.keys():
        yield "dose: those written down are not those that follow from the trail"
    for where, row in kept.items():
        taken = told.doses.get(where)
        if taken is not None and (row.source, _digest(row)) != (taken.source, taken.digest):
            yield f"dose {row.programme}.{row.session}: it is not what was written down"


def _digest(row: StoredDose) -> str | None:
    try:
        minutes = None if row.minutes is None else float(row.minutes)
    except ValueError:
        return None
    return dose_digest(row.salt or b"", row.done_at is not None, minutes)
