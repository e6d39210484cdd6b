"""Whatever happens in whatever order, crashes included: the rules of the trial hold.

Hypothesis chooses who comes, what they do, how time jumps and where the server dies; after every
step the allocations are looked at, and at the end the trail has to prove every table.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager, suppress

import pytest
from factories.lab import Lab
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from longwave.domain.blinding import Viewer
from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import Role
from longwave.domain.randomisation import allocation_list
from longwave.services import audit, programme, randomisation, unblinding, withdrawal
from longwave.services.consort import consort
from longwave.services.staff import add_staff
from longwave.services.study import get_study, sealed_settings
from longwave.storage.tables import (
    Allocation,
    ArmPeriod,
    Assessment,
    Message,
    Participant,
    Unblinding,
)

pytestmark = pytest.mark.slow

SEEING = Viewer("facilitator", Role.FACILITATOR, blinded=False)
"""Only somebody who sees the arms records what happens in the programme."""


class CrashError(Exception):
    """The server dies before it can commit."""


class Trial(RuleBasedStateMachine):
    """A trial to which anything may happen. ``new_url`` makes a fresh, migrated database."""

    new_url = staticmethod(lambda: "")

    @initialize()
    def open_the_study(self):
        self.lab = Lab(self.new_url())
        with self.lab.database.writing() as session:
            member, _ = add_staff(
                session, "owner@lab.example", Role.OWNER, blinded=True, now=self.lab.now
            )
            self.owner = Viewer(member.email, Role.OWNER, blinded=True, staff_id=member.id)
        for number in range(6):
            person = self.lab.enrol(site=("ankara", "gaziantep")[number % 2])
            if number > 1:
                self.lab.complete(person, "w0")

    def teardown(self):
        if hasattr(self, "lab"):
            try:
                self.prove_the_record()
            finally:
                self.lab.close()

    def prove_the_record(self):
        self.lab.wait(minutes=1)
        with self.lab.database.reading() as session:
            report = audit.verify(session, keys=self.lab.keys)
            assert report.passed, report.findings
            assert randomisation.verify(session, self.lab.slug, keys=self.lab.keys).passed
            consort(session, self.lab.slug, self.owner)  # raises where events and tables differ

    # --- what may happen -----------------------------------------------------------------------

    people = st.integers(min_value=0, max_value=11)
    crashes_at = st.sampled_from([None, None, None, 0, 1, 2])

    @rule(
        profession=st.sampled_from(["nurse", "physician"]),
        site=st.sampled_from(["ankara", "gaziantep"]),
        age=st.sampled_from(["34", "34", "17"]),
        address=st.sampled_from(["own", "own", "shared"]),
        crash=crashes_at,
    )
    def somebody_comes(self, profession, site, age, address, crash):
        answers = {"age": age, "licensed": "yes", "profession": profession}
        email = "same@clinic.example" if address == "shared" else None

        def come():
            self.lab.consent(self.lab.screen(site=site, answers=answers), email)

        self.attempt(crash, come)

    @precondition(lambda self: self.due())
    @rule(which=people, crash=crashes_at)
    def somebody_completes_a_wave(self, which, crash):
        due = self.due()
        self.attempt(crash, lambda: self.lab.complete(*due[which % len(due)]))

    @precondition(lambda self: len(self.due()) > 1)
    @rule(data=st.data())
    def several_complete_a_wave(self, data):
        for person, wave in data.draw(st.permutations(self.due())):
            self.attempt(None, lambda person=person, wave=wave: self.lab.complete(person, wave))

    @rule(who=people, crash=crashes_at)
    def somebody_withdraws(self, who, crash):
        self.write(
            who,
            crash,
            lambda session, person: withdrawal.withdraw(session, person, now=self.lab.now),
        )

    @rule(who=people, crash=crashes_at)
    def somebody_stops_the_programme(self, who, crash):
        self.write(
            who,
            crash,
            lambda session, person: programme.stop(
                session, person, reason="no time", viewer=SEEING, now=self.lab.now
            ),
        )

    @rule(who=people, crash=crashes_at)
    def an_unblinding_is_asked_for(self, who, crash):
        self.write(
            who,
            crash,
            lambda session, person: unblinding.request(
                session, person, reason="admitted to hospital", viewer=self.owner, now=self.lab.now
            ),
        )

    @precondition(lambda self: self.lab.rows(Unblinding))
    @rule(crash=crashes_at)
    def an_unblinding_is_confirmed(self, crash):
        asked = self.lab.rows(Unblinding)[-1]
        person = self.lab.participant(asked.participant_id)

        def confirm():
            with self.lab.database.writing() as session:
                arm = unblinding.confirm(
                    session,
                    asked.id,
                    public_id=person.public_id,
                    viewer=self.owner,
                    now=self.lab.now,
                )
            assert arm == self.arms()[person.id]

        self.attempt(crash, confirm)

    @rule(days=st.sampled_from([0, 1, 3, 26, 30, 60, 130]), crash=crashes_at)
    def time_passes(self, days, crash):
        self.attempt(crash, lambda: self.lab.wait(days=days))

    # --- what holds all the while --------------------------------------------------------------

    @invariant()
    def every_allocation_is_the_next_of_its_list(self):
        if not hasattr(self, "lab"):
            return
        rows = self.lab.rows(Allocation)
        assert max(Counter(row.participant_id for row in rows).values(), default=1) == 1
        with self.lab.database.reading() as session:
            sealed = sealed_settings(get_study(session, self.lab.slug), self.lab.keys)
        lists = defaultdict(list)
        for row in sorted(rows, key=lambda found: (found.list, found.position)):
            lists[row.list].append(row)
        for name, found in lists.items():
            assert [row.position for row in found] == list(range(len(found)))
            replay = allocation_list(sealed, name)
            assert [row.arm for row in found] == [next(replay) for _ in found]
            balance = 0
            for row in found:
                balance += 1 if row.arm == "active" else -1
                assert abs(balance) <= max(sealed.block_sizes) // 2

    @invariant()
    def whoever_is_randomised_has_one_allocation_and_its_periods(self):
        if not hasattr(self, "lab"):
            return
        arms = self.arms()
        periods = defaultdict(list)
        for period in self.lab.rows(ArmPeriod):
            periods[period.participant_id].append(period)
        for person in self.lab.rows(Participant):
            assert (person.stage == "randomised") == (person.id in arms)
            if person.id in arms:
                assert {period.arm for period in periods[person.id]} == {arms[person.id]}
                assert len(periods[person.id]) == (1 if person.crossover_at is None else 2)
                assert sum(period.ends_at is None for period in periods[person.id]) == 1
            assert person.duplicate_of is None or person.stage == "ineligible"

    @invariant()
    def nothing_is_sent_twice(self):
        if hasattr(self, "lab"):
            sent = Counter(mail.message_id for mail in self.lab.transport.mails)
            again = {row.mail_id for row in self.lab.rows(Message) if row.attempts > 1}
            assert {name for name, times in sent.items() if times > 1} <= again

    # --- means ---------------------------------------------------------------------------------

    def pick(self, who, *stages):
        """Return one of those in a stage, or None if there is none."""
        found = [row.id for row in self.lab.rows(Participant) if row.stage in stages]
        return found[who % len(found)] if found else None

    def due(self):
        """Return (person, wave) of what can be answered now."""
        return [
            (row.participant_id, row.wave)
            for row in self.lab.rows(Assessment)
            if row.status in ("open", "started") and row.closes_at > self.lab.now
        ]

    def arms(self):
        return {row.participant_id: row.arm for row in self.lab.rows(Allocation)}

    def write(self, who, crash, act):
        person = self.pick(who, "enrolled", "randomised")

        def acting():
            with self.lab.database.writing() as session:
                act(session, session.get_one(Participant, person))

        if person is not None:
            self.attempt(crash, acting)

    def attempt(self, crash, act):
        """Do something that may be refused, on a server that may die at one of its commits."""
        with suppress(LongwaveError, CrashError), self.dying(crash):
            act()

    @contextmanager
    def dying(self, crash):
        """Lose the transaction number ``crash`` (from 0) and what would follow it."""
        database = self.lab.database
        whole, begun = database.writing, 0

        @contextmanager
        def writing():
            nonlocal begun
            with whole() as session:
                yield session
                session.flush()
                if begun == crash:
                    raise CrashError
                begun += 1

        database.writing = writing
        try:
            yield
        finally:
            del database.writing


def test_the_rules_hold_whatever_happens(new_database_url, request):
    class Here(Trial):
        new_url = staticmethod(new_database_url)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=12 if "sqlite" in request.node.name else 4,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
