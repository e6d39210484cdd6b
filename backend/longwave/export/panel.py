"""The panel: every score of a participant in one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from longwave.domain.errors import InvalidInputError
from longwave.export.content import all_scales, newest_instruments, wave_scales
from longwave.export.occasions import Protocols, all_waves, occurrences_of
from longwave.export.package import in_english
from longwave.export.schema import PANEL, PANEL_NAME_LENGTH, Column

_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PanelScore:
    """Whose scores a column of the panel holds."""

    instrument: str
    scale: str
    wave: str
    occurrence: int | None = None

    @property
    def column(self) -> str:
        """Name the column.

        Raises
        ------
        InvalidInputError
            If the name would be longer than Stata takes.
        """
        name = f"{self.instrument}_{self.scale}__{self.wave}"
        if self.occurrence is not None:
            name += f"_{self.occurrence}"
        if len(name) > PANEL_NAME_LENGTH:
            raise InvalidInputError(
                f"The panel's column {name} has {len(name)} characters; Stata takes "
                f"{PANEL_NAME_LENGTH}.",
                "Give the instrument, the scale or the wave a shorter id.",
            )
        return name


def panel_scores(protocols: Protocols) -> list[PanelScore]:
    """Return what the panel holds, in the order of its columns.

    A wave that can come more than once has a column for each occurrence, used or not.
    """
    most = occurrences_of(protocols)
    asked = {wave: set(wave_scales(protocols, wave)) for wave in all_waves(protocols)}
    return [
        PanelScore(instrument, scale, wave, occurrence)
        for instrument, scale in all_scales(protocols)
        for wave, pairs in asked.items()
        if (instrument, scale) in pairs
        for occurrence in (range(1, most[wave] + 1) if most[wave] > 1 else [None])
    ]


def pivot_scores(
    lead: pd.DataFrame, scores: pd.DataFrame, wanted: Sequence[PanelScore]
) -> pd.DataFrame:
    """Return ``lead`` (one row per participant) with a column for each of ``wanted``."""
    keys = ["instrument", "scale", "wave", "occurrence"]
    rows_of = scores.groupby(keys, observed=True, sort=False).indices
    place = pd.Index(lead["participant_id"]).get_indexer(pd.Index(scores["participant_id"]))
    values = scores["value"].to_numpy()
    columns: dict[str, NDArray[np.float64]] = {}
    for score in wanted:
        key = (score.instrument, score.scale, score.wave, score.occurrence or 1)
        rows = rows_of.get(key, _NO_ROWS)
        column = np.full(len(lead), np.nan)
        column[place[rows]] = values[rows]
        columns[score.column] = column
    return pd.concat([lead, pd.DataFrame(columns, index=lead.index)], axis=1)


def describe(wanted: Iterable[PanelScore], protocols: Protocols, *, blinded: bool) -> list[Column]:
    """Return the columns of the panel, each with its label."""
    scores = [Column(score.column, "number", _label(score, protocols)) for score in wanted]
    return [*PANEL.shown(blinded=blinded), *scores]


def _label(score: PanelScore, protocols: Protocols) -> str:
    instrument = newest_instruments(protocols)[score.instrument]
    scale = next(found for found in instrument.scales if found.id == score.scale)
    wave = in_english(all_waves(protocols)[score.wave].label) or score.wave
    again = f", occurrence {score.occurrence}" if score.occurrence else ""
    name = in_english(scale.label) or scale.id
    return f"{in_english(instrument.title) or instrument.id}: {name}, {wave}{again}"
