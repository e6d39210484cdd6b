"""What virtual participants do, through the services, one transaction for each thing done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from longwave.domain.consent import ConsentForm
from longwave.domain.errors import LinkExpiredError, LinkUsedError, RefusedTransitionError
from longwave.domain.lifecycle import FollowUp, Stage
from longwave.rehearsal.rehearse.answering import pages
from longwave.rehearsal.rehearse.people import Depth, Virtual
from longwave.rehearsal.rehearse.plan import Plan
from longwave.rehearsal.rehearse.scratch import DIRECTOR, Scratch
from longwave.services import assessment as assessments
from longwave.services import enrolment, requests, withdrawal
from longwave.services import study as studies
from longwave.services.enrolment import Enrolment
from longwave.storage import participant as participants
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_STEP = 387_276_957
"""An odd number: so no two people of a rehearsal draw the same of the 2**30 public ids."""


class Acts:
    """Does in a scratch study what people would do on its pages."""

    def __init__(self, scratch: Scratch, plan: Plan) -> None:
        self._scratch = scratch
        self._protocol = scratch.protocol
        self._assumed = plan.assumed
        self._seed = plan.seed
        # A session knows rows only as long as somebody holds them: these need not be asked for.
        self._at_hand: list[object] = []
        self._statements = frozenset(one.id for one in scratch.protocol.consent.statements)

    def enrol(self, person: Virtual, now: datetime) -> bool:
        """Answer the eligibility questions and sign; return whether there was room."""
        with self._scratch.database.writing() as session:
            study = studies.get_open_study(session, self._protocol.study.slug)
            found = enrolment.screen(
                session,
                study,
                site=person.site,
                language=person.language,
                answers=person.screening,
                now=now,
                below=lambda bound: (_STEP * person.number + self._seed) % bound,
            )
            if found.stage != Stage.SCREENED:
                return False
            found.zone = person.zone
            form = ConsentForm(person.name, person.email, self._statements, person.uses)
            keys = self._scratch.keys
            outcome = enrolment.give_consent(session, found, form, keys=keys, now=now)
            if outcome is not Enrolment.ENROLLED:
                return False
            person.participant_id = key(found)
            self._at_hand += [found, participants.contact(session, key(found))]
        return True

    def visit(self, person: Virtual, token: str, depth: Depth, now: datetime) -> bool:
        """Follow a link and answer; return whether the assessment was submitted."""
        with self._scratch.database.writing() as session:
            try:
                assessment = assessments.begin(session, token, keys=self._scratch.keys, now=now)
            except (LinkExpiredError, LinkUsedError):
                return False
            if depth is Depth.LOOKS:
                return False
            if depth is Depth.BREAKS_OFF:
                self._break_off(session, person, assessment, now)
                return False
            assessments.save_pages(
                session, assessment, dict(self._pages(person, assessment)), now=now
            )
            assessments.submit(session, assessment, keys=self._scratch.keys, now=now)
            return True

    def closes_at(self, token: str, now: datetime) -> datetime | None:
        """Return until when what a link leads to can be answered; None if it cannot."""
        with self._scratch.database.reading() as session:
            try:
                return assessments.follow_link(session, token, now=now).expires_at
            except (LinkExpiredError, LinkUsedError):
                return None

    def wave_of(self, token: str, now: datetime) -> str | None:
        """Return the wave that a link leads to; None if it can no longer be answered."""
        with self._scratch.database.reading() as session:
            try:
                return assessments.follow_link(session, token, now=now).wave
            except (LinkExpiredError, LinkUsedError):
                return None

    def withdraw(self, person: Virtual, now: datetime) -> bool:
        """Leave the study, if still in it."""
        with self._scratch.database.writing() as session:
            found = self._participant(session, person)
            if found.follow_up != FollowUp.ACTIVE:
                return False
            withdrawal.withdraw(session, found, now=now)
            return True

    def pause(self, person: Virtual, now: datetime) -> bool:
        """Want no messages for a time, if any could still come."""
        with self._scratch.database.writing() as session:
            found = self._participant(session, person)
            if found.follow_up != FollowUp.ACTIVE:
                return False
            withdrawal.pause_messages(session, found, now=now)
            return True

    def resume(self, person: Virtual, now: datetime) -> None:
        """Want messages again, unless the study was left meanwhile."""
        with self._scratch.database.writing() as session:
            found = self._participant(session, person)
            if found.follow_up != FollowUp.WITHDRAWN:
                withdrawal.resume_messages(session, found, now=now)

    def request(self, person: Virtual, wave: str, now: datetime) -> None:
        """Let the team request a wave, unless it was requested often enough or is still open."""
        with self._scratch.database.writing() as session:
            found = self._participant(session, person)
            try:
                requests.request_wave(
                    session, found, wave, viewer=DIRECTOR, keys=self._scratch.keys, now=now
                )
            except RefusedTransitionError:
                return

    @staticmethod
    def _participant(session: Session, person: Virtual) -> Participant:
        assert person.participant_id is not None
        return participants.by_id(session, person.participant_id)

    def _pages(
        self, person: Virtual, assessment: Assessment
    ) -> Iterator[tuple[str, dict[str, str]]]:
        wave = self._protocol.wave(assessment.wave)
        return pages(person, self._protocol, wave, self._assumed)

    def _break_off(
        self, session: Session, person: Virtual, assessment: Assessment, now: datetime
    ) -> None:
        """Answer the pages up to one, and that one item by item up to its middle."""
        names = self._protocol.wave(assessment.wave).instruments
        last = int(person.rng.integers(len(names)))
        *before, (name, values) = islice(self._pages(person, assessment), last + 1)
        if before:
            assessments.save_pages(session, assessment, dict(before), now=now)
        for item, value in islice(values.items(), (len(values) + 1) // 2):
            assessments.save_item(session, assessment, name, item, value, now=now)
