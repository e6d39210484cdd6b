"""The tables of an export: their columns, types and meanings. The one list of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from longwave.domain.dataset import Part
from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Stage
from longwave.domain.missingness import EXPLANATIONS, AssessmentGap, ItemGap, ScoreGap

ColumnType = Literal["string", "integer", "number"]

PANEL_NAME_LENGTH = 32
"""The longest name of a column that Stata takes."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``values`` maps each code to its label; ``tells_arm``: absent when blinded. ``part``: there
    only if that part was asked for.
    """

    name: str
    type: ColumnType
    label: str
    values: Mapping[str, str] = field(default_factory=dict)
    tells_arm: bool = False
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``key`` names the columns that identify a row; ``tells_arm``: as of a column."""

    name: str
    label: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    tells_arm: bool = False

    def shown(self, *, blinded: bool, parts: Collection[str] = ()) -> tuple[Column, ...]:
        """Return the columns of an export that has these parts beside what all have."""
        return tuple(
            column
            for column in self.columns
            if not (blinded and column.tells_arm) and (column.part is None or column.part in parts)
        )


def reasons(codes: Iterable[str]) -> dict[str, str]:
    """Return what each missing reason means."""
    return {str(code): EXPLANATIONS[code] for code in codes}


_STAGES = {
    Stage.CONSENTED.value: "signed the consent",
    Stage.ENROLLED.value: "enrolled, not randomised",
    Stage.RANDOMISED.value: "randomised",
}
_FOLLOW_UPS = {
    FollowUp.ACTIVE.value: "being followed",
    FollowUp.COMPLETED.value: "came to the end",
    FollowUp.LOST.value: "lost to follow-up",
    FollowUp.WITHDRAWN.value: "withdrew",
    FollowUp.DECEASED.value: "died",
}
_STATUSES = {
    AssessmentStatus.SCHEDULED.value: "window not yet open",
    AssessmentStatus.OPEN.value: "window open, not begun",
    AssessmentStatus.STARTED.value: "begun",
    AssessmentStatus.COMPLETED.value: "submitted",
    AssessmentStatus.PARTIAL.value: "begun, never submitted",
    AssessmentStatus.EXPIRED.value: "window closed, not begun",
    AssessmentStatus.CANCELLED.value: "cancelled",
}

_PARTICIPANT = Column("participant_id", "string", "Public study id of the participant")
_ARM = Column("arm", "string", "Arm of the trial; empty before randomisation", tells_arm=True)
_STRATUM = Column("stratum", "string", "Stratum, as it was at randomisation")
_SITE = Column("site", "string", "Site that enrolled the participant")
_CLUSTER = Column("cluster", "string", "Cluster that was randomised as a whole, if so")
_LANGUAGE = Column("language", "string", "Language of the participant's pages")
_WAVE = Column("wave", "string", "Wave of the protocol")
_WAVE_ORDER = Column("wave_order", "integer", "Place of the wave in the protocol, from 0")
_OCCURRENCE = Column("occurrence", "integer", "Which occurrence of the wave, from 1")
_INSTRUMENT = Column("instrument", "string", "Questionnaire")
_OCCASION = (_PARTICIPANT, _WAVE, _WAVE_ORDER, _OCCURRENCE)

PARTICIPANTS = Table(
    "participants",
    "Everyone who consented, one row each",
    ("participant_id",),
    (
        _PARTICIPANT,
        _ARM,
        _STRATUM,
        Column(
            "stratum_actual",
            "string",
            "Stratum as it should have been, where it was entered wrongly",
        ),
        _SITE,
        _CLUSTER,
        _LANGUAGE,
        Column("stage", "string", "How far the participant came into the study", _STAGES),
        Column("follow_up", "string", "Whether the participant is followed", _FOLLOW_UPS),
        Column("consent_day", "integer", "Study day of the first consent"),
        Column("randomisation_day", "integer", "Study day of randomisation"),
        Column(
            "crossover_day",
            "integer",
            "Study day on which a waiting participant crossed into the programme",
            tells_arm=True,
        ),
        Column("withdrawal_day", "integer", "Study day of withdrawal"),
        Column(
            "randomised_in_error",
            "integer",
            "Whether it was an error to randomise; by default analysed all the same",
            {"0": "no", "1": "yes"},
        ),
    ),
)

ASSESSMENTS = Table(
    "assessments",
    "Every wave of every participant, begun or not",
    ("participant_id", "wave", "occurrence"),
    (
        *_OCCASION,
        Column("protocol_version", "integer", "Version of the protocol that planned it"),
        Column("status", "string", "What became of it; empty if it was never planned", _STATUSES),
        Column(
            "missing_reason",
            "string",
            "Why it was not begun; empty if it was",
            reasons(AssessmentGap),
        ),
        Column(
            "mode",
            "string",
            "Who entered the answers",
            {"self": "the participant", "staff": "a member of staff"},
        ),
        Column("window_opens", "integer", "Study day on which the window opens"),
        Column("window_closes", "integer", "Study day on which the window closes"),
        Column(
            "in_window",
            "integer",
            "Whether it was submitted (or else begun) within the window; empty if not begun",
            {"0": "no", "1": "yes"},
        ),
        Column("due", "integer", "Study day on which it is due"),
        Column("opened", "integer", "Study day on which the link was first opened"),
        Column("started", "integer", "Study day of the first answer"),
        Column("submitted", "integer", "Study day of submission"),
        Column(
            "attention_failed",
            "integer",
            "How many attention checks were answered otherwise; empty where there are none",
        ),
    ),
)

ANSWERS = Table(
    "answers",
    "Every item of every assessment that was begun",
    ("participant_id", "wave", "occurrence", "instrument", "item"),
    (
        *_OCCASION,
        _INSTRUMENT,
        Column("instrument_version", "string", "Version of the questionnaire"),
        Column("item", "string", "Item of the questionnaire"),
        Column("value", "string", "Answer as it was given, before any reversal"),
        Column(
            "missing_reason",
            "string",
            "Why there is no answer; empty if there is",
            reasons(ItemGap),
        ),
        Column("position", "integer", "Place of the item in its questionnaire as shown, from 1"),
        Column("milliseconds", "integer", "For how long the item was in sight, says the browser"),
        Column("other", "string", "What was written beside the option", part="text"),
    ),
)

SCORES = Table(
    "scores",
    "Every scale of every assessment, begun or not",
    ("participant_id", "wave", "occurrence", "instrument", "scale"),
    (
        *_OCCASION,
        _INSTRUMENT,
        Column("scale", "string", "Scale of the questionnaire"),
        Column("value", "number", "Score"),
        Column("items_answered", "integer", "How many of the scale's items have an answer"),
        Column(
            "missing_reason",
            "string",
            "Why there is no score; empty if there is",
            reasons([*AssessmentGap, *ScoreGap]),
        ),
    ),
)

DOSES = Table(
    "doses",
    "Every session of a course and day's practice that was planned",
    ("participant_id", "programme", "session"),
    (
        _PARTICIPANT,
        Column("programme", "string", "Programme of the protocol"),
        Column("group", "string", "Course group; empty in daily practice"),
        Column("facilitator", "string", "Who leads the group, as a code"),
        Column(
            "format",
            "string",
            "How the group meets; daily practice is digital",
            {
                "online": "a group that meets online",
                "in_person": "a group that meets in person",
                "digital": "practice by oneself, with text and sound",
            },
        ),
        Column("session", "integer", "Session of the course, or day of the practice, from 1"),
        Column("planned", "integer", "Study day for which it was planned"),
        Column("done", "integer", "Study day on which it was taken; empty if it was not"),
        Column("minutes", "number", "Minutes that it took; empty if it was not taken"),
    ),
    tells_arm=True,
)

CO_INTERVENTIONS = Table(
    "co_interventions",
    "What the study did for a participant beside its programmes: alerts that answers set off",
    ("participant_id", "wave", "occurrence", "rule"),
    (
        *_OCCASION,
        Column(
            "kind",
            "string",
            "What was done",
            {"alert": "a page of help was shown, and the team was told"},
        ),
        Column("rule", "string", "Safety rule of the protocol"),
        Column("day", "integer", "Study day on which the answers set it off"),
        Column(
            "acknowledged",
            "integer",
            "Whether somebody of the team looked after it",
            {"0": "no", "1": "yes"},
        ),
        Column("acknowledged_day", "integer", "Study day on which somebody did"),
    ),
)

PANEL = Table(
    "panel",
    "Every score of a participant in one row; why one is absent stands in scores",
    ("participant_id",),
    (_PARTICIPANT, _ARM, _STRATUM, _SITE, _LANGUAGE),
)
"""The columns before the scores; each score adds ``<instrument>_<scale>__<wave>``."""

LAYOUTS: dict[str, tuple[Table, ...]] = {
    "long": (PARTICIPANTS, ASSESSMENTS, ANSWERS, SCORES, DOSES, CO_INTERVENTIONS),
    "wide": (PARTICIPANTS, ASSESSMENTS, PANEL, DOSES, CO_INTERVENTIONS),
}
"""Which tables each layout writes."""

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PARTICIPANTS,
        ASSESSMENTS,
        ANSWERS,
        SCORES,
        PANEL,
        DOSES,
        CO_INTERVENTIONS,
    )
}
"""Every table by name, in the order of the guide."""
