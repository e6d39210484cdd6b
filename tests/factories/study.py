"""Small studies to export: a protocol, and rows as a database would hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from longwave.domain.dataset import (
    AnswerEncoder,
    Dataset,
    DatasetAlert,
    DatasetAssessment,
    DatasetInvitation,
    DatasetParticipant,
    DatasetStudy,
    DatasetVersion,
)
from longwave.domain.duration import Duration
from longwave.domain.instrument import Instrument, Item, Option, Scale
from longwave.domain.protocol.alerting import Alerting, HelpPage, SafetyRule
from longwave.domain.protocol.messaging import MessageRules
from longwave.domain.protocol.model import (
    Arm,
    ConsentPlan,
    Crossover,
    DataProtection,
    Eligibility,
    PrecedenceAnalysis,
    Protocol,
    RandomisationPlan,
    Site,
    StudyFacts,
    TreatmentAnalysis,
    Wave,
    Window,
)
from longwave.domain.protocol.programme import Programme

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
VERSION = 11
"""The id of the only protocol version of a made dataset."""


def make_instrument(
    instrument_id: str = "calm", items: int = 4, *, reverse: Sequence[int] = (2,)
) -> Instrument:
    """Return a five-point instrument with a mean, a sum and a mean of two parts."""
    names = tuple(f"i{number}" for number in range(1, items + 1))
    labels = ("never", "rarely", "sometimes", "often", "always")
    options = tuple(
        Option(str(number), {"en": label, "tr": f"{label} (tr)"})
        for number, label in enumerate(labels, start=1)
    )
    turned = frozenset(names[number] for number in reverse)
    half = len(names) // 2

    def scale(name, method, chosen, parts=()):
        return Scale(
            id=name,
            label={"en": name.title(), "tr": f"{name} (tr)"},
            method=method,
            items=chosen,
            reversed=turned & frozenset(chosen),
            parts=parts,
            minimum_answered=0.8,
        )

    return Instrument(
        id=instrument_id,
        version="1.0",
        title={"en": f"The {instrument_id} scale", "tr": f"{instrument_id} (tr)"},
        instruction={"en": "How often?", "tr": "?"},
        items=tuple(
            Item(name, "likert", {"en": f"{instrument_id} {name}", "tr": f"{name} (tr)"}, options)
            for name in names
        ),
        scales=(
            scale("total", "mean", names),
            scale("first", "mean", names[:half]),
            scale("second", "sum", names[half:]),
            scale("parts", "mean", (), ("first", "second")),
        ),
        minimum=1,
        maximum=5,
        minutes=2,
        doi=None,
        licence="made for tests",
        placeholder=frozenset({"tr"}),
    )


def make_wave(number: int, instruments: Iterable[str], **changes) -> Wave:
    """Return wave ``w<number>``, four weeks after the one before."""
    return replace(
        Wave(
            id=f"w{number}",
            order=number,
            label={"en": f"Wave {number}"},
            anchor="enrolment" if number == 0 else "randomisation",
            target=Duration(days=28 * number),
            window=Window(Duration(), Duration(days=14)),
            at=None,
            instruments=tuple(instruments),
        ),
        **changes,
    )


def make_protocol(
    *,
    waves: int = 3,
    instruments: Sequence[Instrument] | None = None,
    models: Sequence[str] = ("clpm", "riclpm"),
    group: str | None = "arm",
    estimator: str = "ML",
) -> Protocol:
    """Return a trial of two arms, whose waitlist crosses over after the last wave."""
    known = list(instruments or (make_instrument("calm"), make_instrument("strain", reverse=())))
    first, last = known[0].id, known[-1].id
    ids = tuple(f"w{number}" for number in range(waves))
    return Protocol(
        hash="ab" * 32,
        study=StudyFacts(
            slug="small",
            title={"en": "A small study", "tr": "Küçük"},
            kind="randomised",
            languages=("en", "tr"),
            timezone="Europe/Istanbul",
            target_n=40,
            summary={"en": "A study made for tests."},
            contact="team@example.org",
        ),
        sites={name: Site(name, {"en": name.title()}) for name in ("north", "south")},
        data_protection=DataProtection("", {}, {}, Duration(months=6), Duration(months=120), {}),
        eligibility=Eligibility((), "true"),
        consent=ConsentPlan("1.0", {"en": "Yes?"}, ()),
        arms={
            "active": Arm("active", {"en": "Programme"}, "course", None),
            "waitlist": Arm("waitlist", {"en": "Waiting"}, None, Crossover("course", ids[-1])),
        },
        randomisation=RandomisationPlan(
            "permuted_blocks", {"active": 1, "waitlist": 1}, ("site",), "w0"
        ),
        waves=tuple(make_wave(number, [found.id for found in known]) for number in range(waves)),
        programmes={"course": Programme("course", "course", {"en": "Course"}, 8, None, None, None)},
        messages=MessageRules((), None),
        safety=(
            SafetyRule("tired", f"{last}.total >= 4", HelpPage("help"), Alerting("coordinator")),
        ),
        analysis=(
            PrecedenceAnalysis(
                id="precedence",
                models=tuple(models),
                variables={"calm": f"{first}.total", "strain": f"{last}.total"},
                waves=ids,
                estimator=estimator,
                missing="fiml",
                group=group,
            ),
            TreatmentAnalysis("primary", f"{last}.total", ids[-1], "all", "policy", 0.05),
        ),
        instruments={found.id: found for found in known},
    )


def make_dataset(
    protocol: Protocol | None = None,
    *,
    n: int = 12,
    seed: int = 1,
    answering: float = 0.8,
    blinded: bool = False,
    trial_run: bool = True,
) -> Dataset:
    """Return rows of ``n`` participants of whom some are late, silent, or leave."""
    protocol = protocol or make_protocol()
    rng = np.random.default_rng(seed)
    maker = _Maker(protocol, rng, answering)
    for number in range(n):
        maker.add(number)
    last = (
        max(
            instant
            for found in maker.assessments
            for instant in (found.closed_at, found.submitted_at, found.started_at, START)
            if instant
        )
        if n
        else START
    )
    dataset = Dataset(
        study=DatasetStudy(1, protocol.study.slug, trial_run),
        versions=(DatasetVersion(VERSION, 1, protocol.hash),),
        participants=tuple(maker.participants),
        assessments=tuple(maker.assessments),
        invitations=tuple(maker.invitations),
        pauses=(),
        answers=maker.encoder.columns,
        cut_off=last,
        left_out={"screened": 1, "ineligible": 2},
        blinded=False,
        alerts=tuple(maker.alerts),
    )
    return blind(dataset) if blinded else dataset


def blind(dataset: Dataset) -> Dataset:
    """Return what a blinded reading of the same rows gives."""
    people = tuple(replace(who, arm=None, crossover_at=None) for who in dataset.participants)
    return replace(dataset, participants=people, blinded=True)


class _Maker:
    def __init__(self, protocol, rng, answering):
        self.protocol, self.rng, self.answering = protocol, rng, answering
        self.participants, self.assessments, self.invitations = [], [], []
        self.alerts = []
        self.encoder = AnswerEncoder()

    def add(self, number):
        rng = self.rng
        enrolled = START + timedelta(hours=7 * number)
        randomised = enrolled + timedelta(days=1) if rng.random() < 0.9 else None
        withdrawn = enrolled + timedelta(days=40) if rng.random() < 0.1 else None
        arm = str(rng.choice(list(self.protocol.arms))) if randomised else None
        crossed = arm == "waitlist" and withdrawn is None
        self.participants.append(
            DatasetParticipant(
                id=100 + number,
                public_id=f"P{number:04d}",
                site=("north", "south")[number % 2],
                language=("en", "tr")[number % 3 == 0],
                zone=("Europe/Istanbul", "America/New_York")[number % 5 == 0],
                stage="randomised" if randomised else "enrolled",
                follow_up="withdrawn" if withdrawn else "active",
                messages="on",
                stratum=f"site={('north', 'south')[number % 2]}" if randomised else None,
                consented_at=enrolled,
                enrolled_at=enrolled,
                randomised_at=randomised,
                withdrawn_at=withdrawn,
                crossover_at=enrolled + timedelta(days=80) if crossed else None,
                arm=arm,
            )
        )
        for wave in self.protocol.waves:
            if wave.order == 0 or randomised:
                self._plan(number, wave, enrolled, withdrawn)

    def _plan(self, number, wave, enrolled, withdrawn):
        rng = self.rng
        opens = enrolled + timedelta(days=wave.target.days)
        closes = opens + timedelta(days=14)
        assessment_id = 100_000 * (wave.order + 1) + number
        after = withdrawn is not None and withdrawn < opens
        begun = not after and rng.random() < self.answering
        whole = begun and rng.random() < 0.8
        at = opens + timedelta(days=float(rng.uniform(0, 13)))
        status = "cancelled" if after else ("expired", "partial")[begun]
        self.assessments.append(
            DatasetAssessment(
                id=assessment_id,
                participant_id=100 + number,
                version_id=VERSION,
                wave=wave.id,
                occurrence=1,
                status="completed" if whole else status,
                mode="self",
                opens_at=opens,
                due_at=opens,
                closes_at=closes,
                opened_at=at if begun or rng.random() < 0.3 else None,
                started_at=at if begun else None,
                submitted_at=at if whole else None,
                closed_at=at if whole else withdrawn if after else closes,
            )
        )
        if not after and rng.random() < 0.9:
            state = "sent" if rng.random() < 0.8 else "failed"
            self.invitations.append(DatasetInvitation(assessment_id, state, opens))
        if whole and number % 3 == 0:
            seen = at if number % 2 else None
            self.alerts.append(DatasetAlert(100 + number, wave.id, 1, "tired", at, seen))
        if begun:
            self.encoder.add(self._answers(assessment_id, wave, whole))

    def _answers(self, assessment_id, wave, whole):
        rng = self.rng
        rows = [
            (assessment_id, name, item.id)
            for name in wave.instruments
            for item in self.protocol.instruments[name].items
        ]
        reached = len(rows) if whole else int(rng.integers(1, len(rows)))
        for row in rows[:reached]:
            luck = rng.random()
            if luck < 0.9:
                yield (*row, str(rng.integers(1, 6)), None)
            elif luck < 0.97:
                yield (*row, None, "skipped" if luck < 0.94 else "refused")
