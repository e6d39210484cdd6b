"""A lab with an open study, and participants who do what a test says, through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlmodel import col, delete, select

from factories.randomising import chance
from longwave import resources
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.domain.protocol.model import Protocol
from longwave.jobs.tick import Clockwork
from longwave.keys import KeyRing
from longwave.notify import Delivery, Mail, Outcome
from longwave.services import assessment as assessments
from longwave.services import enrolment
from longwave.services import study as studies
from longwave.services.enrolment import Enrolment
from longwave.storage.database import Database
from longwave.storage.tables import Assessment, Event, Message, Participant

START = datetime(2026, 2, 2, 8, tzinfo=UTC)
BASE_URL = "https://study.example"
SECRET = "a secret of thirty-two characters or more"
OPENER = Viewer("test", Role.OWNER, blinded=False)
SCREENING = {"age": "34", "licensed": "yes", "profession": "nurse"}


def edited(files: Mapping[str, bytes], edits: Mapping[str, str]) -> dict[str, bytes]:
    """Return a protocol's files with some texts of ``protocol.yaml`` replaced."""
    text = files["protocol.yaml"].decode()
    for before, after in edits.items():
        assert before in text, before
        text = text.replace(before, after)
    return {**files, "protocol.yaml": text.encode()}


class Memory:
    """A transport that keeps what it is given and answers as a test asks."""

    is_caught = True

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answer = Delivery(Outcome.SENT)

    def send(self, mail: Mail) -> Delivery:
        self.mails.append(mail)
        return self.answer

    def close(self) -> None: ...


class Lab:
    """An open trial run of a packaged trial, or of other files. Time stands still until `wait`.

    ``edits`` are made in its ``protocol.yaml``: each text, which must stand there, gives way.
    """

    def __init__(
        self,
        database_url: str,
        protocol: str | Mapping[str, bytes] = "msc_burnout_rct",
        edits: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.database = Database(database_url)
        self.keys = KeyRing(SECRET)
        self.now = START
        self.transport = Memory()
        self.clockwork = Clockwork(
            self.database, self.transport, self.keys, BASE_URL, lambda: self.now
        )
        files = (
            resources.protocol_files(resources.protocols_directory() / protocol)
            if isinstance(protocol, str)
            else protocol
        )
        self.files = files = edited(files, edits)
        with self.database.writing() as session:
            study = studies.add_study(session, files, actor="test", now=self.now)
            studies.open_study(
                session,
                study.slug,
                trial_run=True,
                keys=self.keys,
                viewer=OPENER,
                now=self.now,
                entropy=chance,
            )
            self.slug = study.slug
            self.protocol: Protocol = studies.current_protocol(session, study)
        self._people = 0

    def close(self) -> None:
        self.database.close()

    def wait(self, **span: float) -> None:
        """Let time pass, then let the clockwork tick."""
        self.now += timedelta(**span)
        self.clockwork.tick()

    def act(self, participant_id: int, what: Callable[..., object], **how: object) -> object:
        """Do something with a participant through a service, at this moment."""
        with self.database.writing() as session:
            person = session.get_one(Participant, participant_id)
            return what(session, person, now=self.now, **how)

    def screen(
        self, site: str = "ankara", answers: Mapping[str, str] = SCREENING, **how: Any
    ) -> int:
        """Answer the eligibility questions; return the participant's id."""
        with self.database.writing() as session:
            study = studies.get_open_study(session, self.slug)
            person = enrolment.screen(
                session, study, site=site, language="en", answers=answers, now=self.now, **how
            )
            return person.id

    def consent(
        self,
        participant_id: int,
        email: str | None = None,
        *,
        allowed: Iterable[str] = (),
        copy: bool = False,
    ) -> Enrolment:
        """Tick every statement and sign, allowing some further uses.

        The copy of what was signed goes out only to tests that ask for it.
        """
        form = enrolment.ConsentForm(
            name="A Person",
            email=email or f"person{participant_id}@clinic.example",
            ticked=frozenset(statement.id for statement in self.protocol.consent.statements),
            allowed=frozenset(allowed),
        )
        with self.database.writing() as session:
            person = session.get_one(Participant, participant_id)
            outcome = enrolment.give_consent(session, person, form, keys=self.keys, now=self.now)
            if not copy:
                session.exec(delete(Message).where(col(Message.kind) == "consent_copy"))
        return outcome

    def enrol(self, **how: str) -> int:
        """Screen and consent; return the participant's id."""
        participant_id = self.screen(**how)
        self.consent(participant_id)
        return participant_id

    def amend(self, edits: Mapping[str, str]) -> None:
        """Put another version of the protocol in force."""
        with self.database.writing() as session:
            files = edited(self.files, edits)
            studies.amend_study(session, self.slug, files, viewer=OPENER, now=self.now)

    def in_state(self, state: str) -> None:
        """Let the study be in a state, however it came there."""
        with self.database.writing() as session:
            studies.get_study(session, self.slug).state = state

    def events(self, kind: str) -> list[Event]:
        """Return the events of a kind, or of all kinds that begin so, the oldest first."""
        return [event for event in self.rows(Event) if event.kind.startswith(kind)]

    def begin(self, participant_id: int, wave: str, occurrence: int = 1) -> None:
        """Follow the link to a wave, and press the button behind it."""
        token = self.keys.link_token(self.assessment(participant_id, wave, occurrence).uid)
        with self.database.writing() as session:
            assessments.begin(session, token, keys=self.keys, now=self.now)

    def fill(
        self,
        participant_id: int,
        wave: str,
        value: str = "2",
        pages: int = 99,
        occurrence: int = 1,
    ) -> None:
        """Answer the first ``pages`` instruments of a wave, without submitting."""
        self.begin(participant_id, wave, occurrence)
        with self.database.writing() as session:
            assessment = self._assessment(session, participant_id, wave, occurrence)
            for instrument_id in self.protocol.wave(wave).instruments[:pages]:
                items = self.protocol.instruments[instrument_id].items
                assessments.save_page(
                    session,
                    assessment,
                    instrument_id,
                    {item.id: value for item in items},
                    now=self.now,
                )

    def complete(
        self, participant_id: int, wave: str, value: str = "2", occurrence: int = 1
    ) -> None:
        """Answer a wave and submit it."""
        self.fill(participant_id, wave, value, occurrence=occurrence)
        with self.database.writing() as session:
            assessment = self._assessment(session, participant_id, wave, occurrence)
            assessments.submit(session, assessment, keys=self.keys, now=self.now)

    def randomise(self, **how: str) -> int:
        """Enrol somebody and complete the baseline; return the participant's id."""
        participant_id = self.enrol(**how)
        self.complete(participant_id, "w0")
        return participant_id

    def participant(self, participant_id: int) -> Participant:
        with self.database.reading() as session:
            return session.get_one(Participant, participant_id)

    def statuses(self, participant_id: int) -> dict[str, str]:
        """Return the status of each of a participant's assessments."""
        with self.database.reading() as session:
            found = session.exec(
                select(Assessment)
                .where(Assessment.participant_id == participant_id)
                .order_by(col(Assessment.id))
            )
            return {assessment.wave: assessment.status for assessment in found}

    def occasions(self, participant_id: int) -> dict[tuple[str, int], Assessment]:
        """Return a participant's assessments by wave and occurrence."""
        return {
            (found.wave, found.occurrence): found
            for found in self.rows(Assessment)
            if found.participant_id == participant_id
        }

    def assessment(self, participant_id: int, wave: str, occurrence: int = 1) -> Assessment:
        with self.database.reading() as session:
            return self._assessment(session, participant_id, wave, occurrence)

    def rows(self, table):
        """Return every row of a table, by its key."""
        with self.database.reading() as session:
            return list(session.exec(select(table).order_by(*table.__table__.primary_key)))

    @staticmethod
    def _assessment(session, participant_id: int, wave: str, occurrence: int = 1) -> Assessment:
        return session.exec(
            select(Assessment).where(
                Assessment.participant_id == participant_id,
                Assessment.wave == wave,
                Assessment.occurrence == occurrence,
            )
        ).one()
