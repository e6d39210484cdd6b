"""A website over a small open trial, with a clock that a test moves and people who use it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from factories.randomising import chance
from factories.small_trial import FILES, SLUG
from longwave.config import Settings
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.keys import KeyRing
from longwave.services import enrolment, staff
from longwave.services import study as studies
from longwave.storage.database import Database
from longwave.storage.tables import Answer, Assessment, Participant
from longwave.web.app import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have another client than the one we have
    from starlette.testclient import TestClient

START = datetime(2026, 2, 2, 8, tzinfo=UTC)
SECRET = "a secret of thirty-two characters or more"
OPENER = Viewer("test", Role.OWNER, blinded=False)
ELIGIBLE = {"age": "34", "licensed": "yes"}
REST = {"r1": "4", "r2": "2", "r3": "5"}
LOAD = {"l1": "1", "hours": "38", "shift": "night"}


class Site:
    """An application with an open trial run, its staff, and participants as tests need them."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        files: Mapping[str, bytes] = FILES,
        **settings: object,
    ) -> None:
        self.database = Database(database_url)
        self.keys = KeyRing(SECRET)
        self.now = START
        self.folder = folder
        with self.database.writing() as session:
            studies.add_study(session, files, actor="test", now=START)
            studies.open_study(
                session,
                SLUG,
                trial_run=True,
                keys=self.keys,
                viewer=OPENER,
                now=START,
                entropy=chance,
            )
            self.token = self._staff(session, "owner@example.org", blinded=False)
            self.blinded_token = self._staff(session, "analyst@example.org", blinded=True)
        self.settings = Settings(
            _env_file=None,
            **{
                "database_url": database_url,
                "secret_key": SECRET,
                "base_url": "http://testserver",
                "export_directory": folder / "export",
                "analysis_directory": folder / "analysis",
                **settings,
            },
        )
        self.app = create_app(self.settings, self.database, lambda: self.now)

    def restart(self) -> None:
        """Make the application anew over the same database."""
        self.database.close()
        self.database = Database(self.settings.database_url)
        self.app = create_app(self.settings, self.database, lambda: self.now)

    @staticmethod
    def _staff(session, email, *, blinded):
        return staff.add_staff(session, email, Role.OWNER, blinded=blinded, now=START)[1]

    def close(self) -> None:
        self.database.close()

    def browser(self, **headers: str) -> TestClient:
        """Return a browser with a jar of its own that gets a 500 as a page."""
        return TestClient(self.app, raise_server_exceptions=False, headers=headers)

    def staff_browser(self, *, blinded: bool = False) -> TestClient:
        """Return a browser that is signed in."""
        browser = self.browser()
        token = self.blinded_token if blinded else self.token
        browser.post("/console/sign-in", data={"token": token})
        return browser

    def enrol(self, site: str = "north", language: str = "en") -> int:
        """Enrol somebody through the services; return the participant's id."""
        with self.database.writing() as session:
            study = studies.get_open_study(session, SLUG)
            person = enrolment.screen(
                session, study, site=site, language=language, answers=ELIGIBLE, now=self.now
            )
            form = enrolment.ConsentForm(
                "A Person", f"person{person.id}@clinic.example", frozenset({"read"})
            )
            enrolment.give_consent(session, person, form, keys=self.keys, now=self.now)
            return person.id

    def amend(self, edits: Mapping[str, str]) -> None:
        """Put another version of the protocol in force: each text gives way to another."""
        text = FILES["protocol.yaml"].decode()
        for before, after in edits.items():
            assert before in text, before
            text = text.replace(before, after)
        with self.database.writing() as session:
            files = {**FILES, "protocol.yaml": text.encode()}
            studies.amend_study(session, SLUG, files, viewer=OPENER, now=self.now)

    def link(self, participant_id: int, wave: str = "w0") -> str:
        """Return the path of the link to an assessment."""
        return f"/l/{self.keys.link_token(self.assessment(participant_id, wave).uid)}"

    def started(self, participant_id: int | None = None) -> TestClient:
        """Return the browser of somebody who has pressed the button behind the link."""
        browser = self.browser()
        browser.post(self.link(participant_id or self.enrol()))
        return browser

    def complete(self, participant_id: int) -> None:
        """Answer the baseline."""
        browser = self.started(participant_id)
        browser.post("/survey/rest", data=REST)
        browser.post("/survey/load", data=LOAD)

    def participant(self, participant_id: int) -> Participant:
        with self.database.reading() as session:
            return session.get_one(Participant, participant_id)

    def assessment(self, participant_id: int, wave: str = "w0") -> Assessment:
        with self.database.reading() as session:
            return session.exec(
                select(Assessment).where(
                    Assessment.participant_id == participant_id, Assessment.wave == wave
                )
            ).one()

    def answers(self, participant_id: int, wave: str = "w0") -> dict[str, str | None]:
        """Return what is stored, by item: the value, or the reason in brackets."""
        row = self.assessment(participant_id, wave).id
        with self.database.reading() as session:
            found = session.exec(select(Answer).where(Answer.assessment_id == row))
            return {answer.item: answer.value or f"({answer.missing_reason})" for answer in found}

    def milliseconds(self, participant_id: int, item: str) -> int | None:
        """Return for how long an item of the baseline was in sight."""
        row = self.assessment(participant_id).id
        with self.database.reading() as session:
            found = session.exec(
                select(Answer).where(Answer.assessment_id == row, Answer.item == item)
            )
            return found.one().milliseconds

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)
