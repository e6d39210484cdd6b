"""The whole record verified: the chain of seals, and the tables against the events."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from longwave.keys import KeyRing
from longwave.services.audit.chain import Head, follow_chain
from longwave.services.audit.people import check_people
from longwave.services.audit.report import TrailReport
from longwave.services.audit.studies import check_studies
from longwave.storage import record
from longwave.storage.export import begin_snapshot


def verify(session: Session, *, keys: KeyRing, heads: Iterable[Head] = ()) -> TrailReport:
    """Verify that the trail is as it was sealed, and that the tables follow from it.

    Time grows with the number of events and answers, memory does not.

    Parameters
    ----------
    session
        One that reads, in which no transaction has begun: everything is read as it was at one
        instant.
    heads
        Numbers and heads of seals that were kept elsewhere, such as in the manifests of exports.
        Only they can show that the end of the trail was cut off, or that all of it was written
        anew by somebody who has the secret key.
    """
    begin_snapshot(session)
    report = TrailReport()
    follow_chain(session, keys, heads, report)
    protocols = check_studies(session, report)

    def has_programme(study_id: int, arm: str) -> bool:
        found = protocols[study_id].arms.get(arm) if study_id in protocols else None
        return found is not None and found.programme is not None

    slugs = {row.id: row.slug for row in record.studies(session)}
    check_people(session, slugs, has_programme, report)
    return report
