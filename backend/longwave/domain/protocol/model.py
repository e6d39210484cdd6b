"""The protocol as typed, immutable values: what a study is, once its files have been read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from longwave.domain.duration import Duration
from longwave.domain.instrument import Instrument, Item, Permission
from longwave.domain.protocol.alerting import SafetyRule
from longwave.domain.protocol.messaging import MessageRules
from longwave.domain.protocol.programme import Audio, Programme, Text


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the study is: the ``study`` block."""

    slug: str
    title: Text
    kind: Literal["randomised", "cohort"]
    languages: tuple[str, ...]
    timezone: str
    target_n: int
    summary: Text
    contact: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place that enrols; named by the enrolment link. ``country`` is an ISO 3166 code."""

    id: str
    label: Text
    country: str | None = None


@dataclass(frozen=True, slots=True)
class DataProtection:
    """Who answers for the data, why they may be kept, who receives them, and for how long."""

    controller: str
    legal_basis: Text
    recipients: Mapping[str, tuple[str, ...]]
    retention_contact: Duration
    retention_answers: Duration
    erasure: Text


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Screening questions, the CEL rules over their answers, and how many may enrol.

    Whoever takes part fulfils ``rule`` (where there is one) and every criterion; the first
    criterion that fails is the reason that is kept of an exclusion.
    """

    items: tuple[Item, ...]
    rule: str | None
    criteria: tuple[Criterion, ...] = ()
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition of taking part, with an id under which exclusions are counted."""

    id: str
    label: Text
    rule: str


@dataclass(frozen=True, slots=True)
class Cap:
    """The most who may enrol: in all, at a site, or with these answers to choice items."""

    most: int
    site: str | None = None
    stratum: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsentPlan:
    """The consent document (Markdown, by language) and the statements to tick.

    ``uses`` are further uses of the data or the address, each a choice of its own that may be
    taken back at any time.
    """

    version: str
    documents: Text
    statements: tuple[ConsentStatement, ...]
    uses: tuple[ConsentUse, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """One statement; ``required`` ones must be ticked to take part."""

    id: str
    label: Text
    required: bool


@dataclass(frozen=True, slots=True)
class ConsentUse:
    """A use that somebody may allow or not, such as sharing data or writing again."""

    id: str
    label: Text


CrossoverOrigin = Literal["randomisation", "opening"]


@dataclass(frozen=True, slots=True)
class Crossover:
    """When a waiting arm receives a programme.

    Either after the wave ``after`` is completed or has closed; or ``at`` this duration from
    the participant's (or cluster's) randomisation, or from the opening of the study.
    """

    programme: str
    after: str | None
    at: Duration | None = None
    origin: CrossoverOrigin = "randomisation"


@dataclass(frozen=True, slots=True)
class Arm:
    """A treatment condition."""

    id: str
    label: Text
    programme: str | None
    crossover: Crossover | None


RandomisationMethod = Literal["simple", "permuted_blocks", "minimisation", "list"]


@dataclass(frozen=True, slots=True)
class RandomisationPlan:
    """How participants come to arms. Block sizes, lists and seed are sealed settings.

    ``strata`` names choice items of the eligibility questions, or ``site``; in minimisation
    they are its factors. With ``cluster`` (``site`` or a choice item) whole clusters are
    allocated, and members inherit their cluster's arm; ``strata`` can then only be ``site``.
    ``inline`` holds settings that were written into the protocol, as only a trial run may.
    """

    method: RandomisationMethod
    ratio: Mapping[str, int]
    strata: tuple[str, ...]
    after: str
    cluster: str | None = None
    minimisation: Minimisation | None = None
    inline: InlineSettings | None = None


@dataclass(frozen=True, slots=True)
class Minimisation:
    """How Pocock and Simon's method weighs and draws (doi:10.2307/2529712).

    ``weights`` holds the weight of each factor, 1 if not given. The arm that leaves the least
    imbalance gets ``probability``. ``imbalance`` is the measure over arms, within a level.
    """

    weights: Mapping[str, float]
    probability: float
    imbalance: Literal["range", "variance"]


@dataclass(frozen=True, slots=True)
class InlineSettings:
    """Block sizes, or a list of arms for each stratum (``all`` without strata), in the open."""

    block_sizes: tuple[int, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """How long before and after its target a wave may be answered."""

    before: Duration
    after: Duration


@dataclass(frozen=True, slots=True)
class Repeat:
    """A wave that comes ``times`` times, the same duration apart."""

    every: Duration
    times: int


@dataclass(frozen=True, slots=True)
class Sampling:
    """A wave that comes at random times of day, at least ``apart`` from one another.

    On each of ``days`` days in a row there are ``per_day`` prompts between two local times
    ("HH:MM", both included). Each can be answered for as long as ``expires`` says.
    """

    days: int
    per_day: int
    between: tuple[str, str]
    apart: Duration
    expires: Duration


@dataclass(frozen=True, slots=True)
class Expiry:
    """When an assessment closes before its window does.

    ``unopened`` after the invitation if it was not opened; ``idle`` after the last answer.
    """

    unopened: Duration | None
    idle: Duration | None


@dataclass(frozen=True, slots=True)
class Wave:
    """A planned measurement occasion, or several of one kind.

    ``anchor`` is ``enrolment``, ``randomisation``, ``wave:<id>``, a day such as ``2027-03-01``,
    ``request``, or ``programme``: the day on which the participant's own programme starts. ``at``
    is the local time of day ("HH:MM") at which a wave is due, or None for the time of the anchor
    itself. The window of a sampled wave is that of one prompt. ``at_most`` says how often a wave
    may be requested. ``reminders`` are its own, or None for those of `MessageRules`. ``review``
    says whether all answers are shown once more before they are handed in.
    """

    id: str
    order: int
    label: Text
    anchor: str
    target: Duration
    window: Window
    at: str | None
    instruments: tuple[str, ...]
    repeat: Repeat | None = None
    sampling: Sampling | None = None
    expires: Expiry | None = None
    at_most: int = 1
    reminders: tuple[Duration, ...] | None = None
    review: bool = False

    @property
    def days_open(self) -> float:
        """How long one occurrence can be answered, in nominal days."""
        return self.window.before.nominal_days() + self.window.after.nominal_days()

    @property
    def occurrences(self) -> int:
        """How many times the wave comes, at most."""
        if self.repeat is not None:
            return self.repeat.times
        if self.sampling is not None:
            return self.sampling.days * self.sampling.per_day
        return self.at_most


@dataclass(frozen=True, slots=True)
class PrecedenceAnalysis:
    """Cross-lagged panel models of two or more scores over the waves.

    ``equal`` holds lagged effects equal: over time (``lags``), between arms
    (``lags_across_groups``).
    """

    id: str
    models: tuple[str, ...]
    variables: Mapping[str, str]
    waves: tuple[str, ...]
    estimator: Literal["ML", "MLR"]
    missing: Literal["fiml", "listwise"]
    group: Literal["arm"] | None
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TreatmentAnalysis:
    """The planned contrast between arms. Declared and hashed."""

    id: str
    outcome: str
    wave: str
    population: str
    intercurrent: str
    alpha: float


Analysis = PrecedenceAnalysis | TreatmentAnalysis


@dataclass(frozen=True, slots=True)
class Protocol:
    """A checked protocol.

    ``hash`` is the SHA-256 of the canonical form: sorted JSON of ``protocol.yaml`` plus the
    hash of every file it refers to. ``texts`` holds the Markdown pages that safety rules show,
    by name and language; ``permissions`` what is known of the leave to use instruments, by id.
    """

    hash: str
    study: StudyFacts
    sites: Mapping[str, Site]
    data_protection: DataProtection
    eligibility: Eligibility
    consent: ConsentPlan
    arms: Mapping[str, Arm]
    randomisation: RandomisationPlan | None
    waves: tuple[Wave, ...]
    programmes: Mapping[str, Programme]
    messages: MessageRules
    safety: tuple[SafetyRule, ...]
    analysis: tuple[Analysis, ...]
    instruments: Mapping[str, Instrument]
    texts: Mapping[str, Text] = field(default_factory=dict)
    permissions: Mapping[str, Permission] = field(default_factory=dict)

    def reminders_of(self, wave: Wave) -> tuple[Duration, ...]:
        """Return after how long, from its opening, a wave is reminded of."""
        return self.messages.reminders if wave.reminders is None else wave.reminders

    @property
    def not_permitted(self) -> tuple[str, ...]:
        """The instruments of which no permission is recorded though their terms ask for one."""
        return tuple(
            name
            for name, instrument in self.instruments.items()
            if name not in self.permissions and not instrument.is_free
        )

    def wave(self, wave_id: str) -> Wave:
        """Return the wave called ``wave_id``."""
        return next(wave for wave in self.waves if wave.id == wave_id)

    def audio(self) -> tuple[Audio, ...]:
        """Return every audio file of the protocol, each once."""
        found = {
            audio.path: audio
            for programme in self.programmes.values()
            for material in programme.materials
            for audio in material.audio.values()
        }
        return tuple(found.values())

    def minutes(self, wave: Wave) -> int:
        """Return about how many minutes a wave takes."""
        return math.ceil(sum(self.instruments[name].minutes for name in wave.instruments))
