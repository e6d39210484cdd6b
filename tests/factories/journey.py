"""Whole studies, run through the real system."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlmodel import select

from longwave.rehearsal.demo import Demo, DemoResult
from longwave.rehearsal.folder import demo_folder
from longwave.storage.database import Database

END = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Journey:
    """A finished demo: what it returned, its folder, and its rows."""

    result: DemoResult
    folder: Path

    def rows(self, table):
        """Return every row of a table."""
        with self.reading() as session:
            return list(session.exec(select(table)))

    @contextmanager
    def reading(self):
        """Give a session that reads."""
        database = Database(self.result.settings.database_url)
        try:
            with database.reading() as session:
                yield session
        finally:
            database.close()

    def exported(self, name: str) -> pd.DataFrame:
        """Return one table of the export."""
        return pd.read_csv(self.folder / "export" / f"{name}.csv")


def travel(folder: Path, participants: int, seed: int, database_url: str | None = None) -> Journey:
    """Run the main job."""
    with demo_folder(folder) as held:
        job = Demo(
            held,
            participants=participants,
            seed=seed,
            port=8000,
            database_url=database_url,
            end=END,
        )
        return Journey(job.run(lambda tally: None), held)
