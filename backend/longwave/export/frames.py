"""The tables of an export as data frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from longwave.domain.dataset import Dataset
from longwave.export.answers import answers_frame, value_type
from longwave.export.attention import attention_failed
from longwave.export.cells import AnswerCells
from longwave.export.occasions import Occasion, Protocols, all_waves, list_occasions
from longwave.export.panel import PanelScore, describe, panel_scores, pivot_scores
from longwave.export.schema import (
    ANSWERS,
    ASSESSMENTS,
    CO_INTERVENTIONS,
    DOSES,
    LAYOUTS,
    PANEL,
    PARTICIPANTS,
    SCORES,
    TABLES,
    Column,
    Table,
)
from longwave.export.scores import scores_frame

_DAY = np.timedelta64(1, "D")


class Frames:
    """The tables of one export, each made when it is first asked for.

    Parameters
    ----------
    dataset
        The study's rows. If it is blinded, so are the tables.
    protocols
        Every version of the protocol by id, oldest first.
    """

    def __init__(self, dataset: Dataset, protocols: Protocols) -> None:
        self.dataset = dataset
        self.protocols = protocols

    def names(self, layouts: Iterable[str]) -> list[str]:
        """Return the names of the tables of some layouts, in the order of the guide.

        A blinded export lacks those that tell arms; doses are there where there are programmes,
        and co-interventions where there are safety rules.
        """
        wanted = {
            table.name
            for layout in layouts
            for table in LAYOUTS[layout]
            if not (self.dataset.blinded and table.tells_arm)
        }
        if not any(protocol.programmes for protocol in self.protocols.values()):
            wanted.discard(DOSES.name)
        if not any(protocol.safety for protocol in self.protocols.values()):
            wanted.discard(CO_INTERVENTIONS.name)
        return [name for name in TABLES if name in wanted]

    def table(self, table: Table) -> pd.DataFrame:
        """Return one table."""
        frame: pd.DataFrame = getattr(self, table.name)
        return frame

    @cached_property
    def occasions(self) -> list[Occasion]:
        """Every wave of every participant."""
        return list_occasions(self.dataset, self.protocols)

    @cached_property
    def participants(self) -> pd.DataFrame:
        """One row for everyone who consented."""
        people = self.dataset.participants
        columns = {
            "participant_id": _text(who.public_id for who in people),
            "arm": _text(who.arm for who in people),
            "stratum": _text(who.stratum for who in people),
            "stratum_actual": _text(who.stratum_actual for who in people),
            "site": _text(who.site for who in people),
            "cluster": _text(who.cluster for who in people),
            "language": _text(who.language for who in people),
            "stage": _text(who.stage for who in people),
            "follow_up": _text(who.follow_up for who in people),
            "consent_day": self._days([who.consented_at for who in people]),
            "randomisation_day": self._days([who.randomised_at for who in people]),
            "crossover_day": self._days([who.crossover_at for who in people]),
            "withdrawal_day": self._days([who.withdrawn_at for who in people]),
            "randomised_in_error": _integers(int(who.randomised_in_error) for who in people),
        }
        return self._frame(PARTICIPANTS, columns)

    @cached_property
    def assessments(self) -> pd.DataFrame:
        """One row for every wave of every participant."""
        number = {version.id: version.number for version in self.dataset.versions}
        planned = [found.assessment for found in self.occasions]
        columns = {
            **self._occasion_columns(self.occasions),
            "protocol_version": _integers(number[a.version_id] if a else None for a in planned),
            "status": _text(found.status for found in self.occasions),
            "missing_reason": _text(found.gap for found in self.occasions),
            "mode": _text(a.mode if a and a.started_at else None for a in planned),
            "window_opens": self._occasion_days([a.opens_at if a else None for a in planned]),
            "window_closes": self._occasion_days([a.closes_at if a else None for a in planned]),
            "in_window": _integers(_in_window(found) for found in self.occasions),
            "due": self._occasion_days([a.due_at if a else None for a in planned]),
            "opened": self._occasion_days([a.opened_at if a else None for a in planned]),
            "started": self._occasion_days([a.started_at if a else None for a in planned]),
            "submitted": self._occasion_days([a.submitted_at if a else None for a in planned]),
            "attention_failed": self._attention_failed(),
        }
        return self._frame(ASSESSMENTS, columns)

    @cached_property
    def cells(self) -> AnswerCells:
        """The answers as one matrix per wave."""
        return AnswerCells(self.dataset, self.protocols, self.occasions)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """One row for every item of every assessment that was begun."""
        frame = answers_frame(self.cells, self._occasion_columns(self.cells.begun))
        return frame[[column.name for column in self.columns(ANSWERS)]]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row for every scale of every wave of every participant."""
        return self._frame(SCORES, scores_frame(self.cells, self._occasion_columns(self.occasions)))

    @cached_property
    def panel(self) -> pd.DataFrame:
        """One row per participant, one column per score and wave."""
        lead = ["participant_id", "arm", "stratum", "site", "language"]
        shown = [name for name in lead if name in self.participants]
        return pivot_scores(self.participants[shown], self.scores, self.panel_scores)

    @cached_property
    def panel_scores(self) -> list[PanelScore]:
        """What the columns of the panel hold."""
        return panel_scores(self.protocols)

    @cached_property
    def doses(self) -> pd.DataFrame:
        """One row for every session or day's practice that was planned for a participant."""
        people = {who.id: who for who in self.dataset.participants}
        doses = sorted(
            (dose for dose in self.dataset.doses if dose.participant_id in people),
            key=lambda dose: (people[dose.participant_id].public_id, dose.programme, dose.session),
        )
        owners = [people[dose.participant_id] for dose in doses]
        zones = np.array([who.zone for who in owners], dtype=object)
        enrolled = local_dates([who.enrolled_at for who in owners], zones)
        planned = local_dates([dose.planned_at for dose in doses], zones)
        done = local_dates([dose.done_at for dose in doses], zones)
        columns = {
            "participant_id": _text(who.public_id for who in owners),
            "programme": _text(dose.programme for dose in doses),
            "group": _text(dose.group for dose in doses),
            "facilitator": _text(
                None if dose.facilitator is None else f"f{dose.facilitator}" for dose in doses
            ),
            "format": _text(dose.format or "digital" for dose in doses),
            "session": _integers(dose.session for dose in doses),
            "planned": _day_numbers(planned - enrolled),
            "done": _day_numbers(done - enrolled),
            "minutes": pd.Series([dose.minutes for dose in doses], dtype=float),
        }
        return self._frame(DOSES, columns)

    @cached_property
    def co_interventions(self) -> pd.DataFrame:
        """One row for every alert that answers set off."""
        people = {who.id: who for who in self.dataset.participants}
        order = {wave.id: wave.order for wave in all_waves(self.protocols).values()}
        alerts = sorted(
            (alert for alert in self.dataset.alerts if alert.participant_id in people),
            key=lambda alert: (
                people[alert.participant_id].public_id,
                order[alert.wave],
                alert.occurrence,
                alert.rule,
            ),
        )
        owners = [people[alert.participant_id] for alert in alerts]
        zones = np.array([who.zone for who in owners], dtype=object)
        enrolled = local_dates([who.enrolled_at for who in owners], zones)
        raised = local_dates([alert.raised_at for alert in alerts], zones)
        seen = local_dates([alert.acknowledged_at for alert in alerts], zones)
        columns = {
            "participant_id": _text(who.public_id for who in owners),
            "wave": _text(alert.wave for alert in alerts),
            "wave_order": _integers(order[alert.wave] for alert in alerts),
            "occurrence": _integers(alert.occurrence for alert in alerts),
            "kind": _text("alert" for _ in alerts),
            "rule": _text(alert.rule for alert in alerts),
            "day": _day_numbers(raised - enrolled),
            "acknowledged": _integers(int(alert.acknowledged_at is not None) for alert in alerts),
            "acknowledged_day": _day_numbers(seen - enrolled),
        }
        return self._frame(CO_INTERVENTIONS, columns)

    def columns(self, table: Table) -> list[Column]:
        """Return the columns of a table of this export."""
        blinded = self.dataset.blinded
        if table is PANEL:
            return describe(self.panel_scores, self.protocols, blinded=blinded)
        kind = value_type(self.protocols)
        return [
            replace(column, type=kind) if table is ANSWERS and column.name == "value" else column
            for column in table.shown(blinded=blinded, parts=self.dataset.parts)
        ]

    def _frame(self, table: Table, columns: dict[str, object]) -> pd.DataFrame:
        shown = [column.name for column in table.shown(blinded=self.dataset.blinded)]
        return pd.DataFrame({name: columns[name] for name in shown})

    def _attention_failed(self) -> pd.Series:
        """Return how many attention checks were answered otherwise than expected, by occasion."""
        counted = iter(attention_failed(self.cells))
        return _integers(
            next(counted) if found.was_begun and found.assessment else None
            for found in self.occasions
        )

    def _occasion_columns(self, occasions: Sequence[Occasion]) -> dict[str, object]:
        names = [who.public_id for who in self.dataset.participants]
        codes = np.array([found.participant for found in occasions], dtype=np.int64)
        return {
            "participant_id": pd.Categorical.from_codes(
                codes, categories=pd.Index(names, dtype=str)
            ),
            "wave": _text(found.wave for found in occasions),
            "wave_order": _integers(found.wave_order for found in occasions),
            "occurrence": _integers(found.occurrence for found in occasions),
        }

    @cached_property
    def _zones(self) -> NDArray[np.object_]:
        return np.array([who.zone for who in self.dataset.participants], dtype=object)

    @cached_property
    def _enrolled(self) -> NDArray[np.datetime64]:
        enrolled = [who.enrolled_at for who in self.dataset.participants]
        return local_dates(enrolled, self._zones)

    def _days(self, instants: Sequence[datetime | None]) -> pd.Series:
        return _day_numbers(local_dates(instants, self._zones) - self._enrolled)

    def _occasion_days(self, instants: Sequence[datetime | None]) -> pd.Series:
        """Number days of the calendar by which the participant lived when it was planned."""
        who = np.array([found.participant for found in self.occasions], dtype=np.int64)
        zones = self._zones[who]
        for place, found in enumerate(self.occasions):
            if found.assessment is not None and found.assessment.zone is not None:
                zones[place] = found.assessment.zone
        return _day_numbers(local_dates(instants, zones) - self._enrolled[who])


def local_dates(
    instants: Sequence[datetime | None], zones: NDArray[np.object_]
) -> NDArray[np.datetime64]:
    """Return the local date of each instant in its zone (NaT where there is none)."""
    utc = pd.to_datetime(pd.Series(np.array(instants, dtype=object)), utc=True)
    dates = np.full(len(utc), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    for zone in pd.unique(pd.Series(zones)):
        here = zones == zone
        local = utc[here].dt.tz_convert(zone).dt.tz_localize(None)
        dates[here] = local.to_numpy().astype("datetime64[D]")
    return dates


def _day_numbers(spans: NDArray[np.timedelta64]) -> pd.Series:
    absent = np.isnat(spans)
    days = np.where(absent, np.timedelta64(0, "D"), spans) // _DAY
    return pd.Series(pd.arrays.IntegerArray(days.astype(np.int64), absent))


def _in_window(occasion: Occasion) -> int | None:
    found = occasion.assessment
    if found is None or not occasion.was_begun:
        return None
    reached = found.submitted_at or found.started_at
    return int(reached is not None and found.opens_at <= reached <= found.closes_at)


def _text(values: Iterable[str | None]) -> pd.Categorical:
    listed = [None if value is None else str(value) for value in values]
    known = sorted({value for value in listed if value is not None})
    return pd.Categorical(listed, categories=pd.Index(known, dtype=str))


def _integers(values: Iterable[int | None]) -> pd.Series:
    return pd.Series(list(values), dtype="Int64")
