"""Answers, without what an export is not to hold."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, case, null, select, tuple_
from sqlmodel import Session, col

from longwave.domain.dataset import (
    AnswerColumns,
    AnswerEncoder,
    Part,
)
from longwave.domain.missingness import ItemGap
from longwave.storage.tables import (
    Answer,
    Assessment,
)

_BATCH = 1_000


def read_answers(
    session: Session,
    study_id: int,
    shown: ColumnElement[bool],
    parts: Collection[Part],
    withheld: Collection[tuple[str, str]],
) -> AnswerColumns:
    """Return every answer; of ``withheld`` items no value is selected."""
    value, reason = col(Answer.value), col(Answer.missing_reason)
    kept_back = tuple_(col(Answer.instrument), col(Answer.item)).in_(list(withheld))
    has_value = and_(kept_back, value.is_not(None))
    statement = (
        select(
            col(Answer.assessment_id),
            col(Answer.instrument),
            col(Answer.item),
            case((kept_back, None), else_=value) if withheld else value,
            case((has_value, ItemGap.WITHHELD.value), else_=reason) if withheld else reason,
            col(Answer.other) if "text" in parts else null(),
            col(Answer.milliseconds),
        )
        .join(Assessment, col(Assessment.id) == col(Answer.assessment_id))
        .where(col(Assessment.study_id) == study_id, shown)
    )
    encoder = AnswerEncoder()
    # Past the ORM, which takes twice as long over millions of rows.
    result = session.connection().execute(statement, execution_options={"yield_per": _BATCH})
    for batch in result.partitions():
        encoder.add(batch)
    return encoder.columns
