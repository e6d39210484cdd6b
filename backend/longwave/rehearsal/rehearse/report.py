"""The report of a rehearsal, and how it is written as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from longwave.domain.lifecycle import FollowUp
from longwave.domain.protocol.model import Protocol
from longwave.rehearsal.rehearse.assumptions import Assumptions
from longwave.rehearsal.rehearse.balance import Balance, balance
from longwave.rehearsal.rehearse.clocks import Clocks, clock_changes
from longwave.rehearsal.rehearse.facts import Facts
from longwave.rehearsal.rehearse.load import Load, message_load
from longwave.rehearsal.rehearse.reach import (
    Collisions,
    Reach,
    Strip,
    Unreached,
    collisions,
    reached,
    strips,
    unreached,
)

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who came, and how they took part."""

    came: int
    turned_away: Mapping[str, int]
    enrolled: int
    randomised: int
    crossed_over: int
    completed: int
    withdrew: int
    fell_silent: int
    paused: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """One safety rule: how often it fires, for how many people, at which waves.

    It hangs on the answers that are assumed. ``undecided`` counts assessments of which the rule
    cannot tell, for want of answers.
    """

    rule: str
    alert: str
    fires: int
    people: int
    by_wave: Mapping[str, int]
    undecided: int


@dataclass(frozen=True, slots=True)
class Staff:
    """What falls to the team: tasks by kind, notices, and alerts by the role that is told."""

    tasks: Mapping[str, int]
    notices: int
    alerts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """What a rehearsal found. The same protocol, seed, start and assumptions give the same.

    ``rows`` counts what the database holds of people, by table.
    """

    study: str
    protocol: str
    seed: int
    starts_on: date
    ends_on: date
    assumed: Mapping[str, Any]
    cohort: Cohort
    messages: Load
    collisions: Collisions
    waves: tuple[Reach, ...]
    unreached: tuple[Unreached, ...]
    strips: tuple[Strip, ...]
    balance: Balance | None
    safety: tuple[Alerts, ...]
    clocks: tuple[Clocks, ...]
    staff: Staff
    rows: Mapping[str, int]

    def to_json(self) -> str:
        """Return the report as JSON, byte for byte the same for the same report."""
        data = {"longwave_rehearsal": FORMAT, **asdict(self)}
        return json.dumps(data, indent=1, sort_keys=True, default=_plain) + "\n"


def make_report(
    facts: Facts, protocol: Protocol, assumed: Assumptions, *, seed: int, start: date
) -> Report:
    """Add up what a rehearsal left behind."""
    waves = reached(facts, protocol)
    safety = _safety(facts, protocol)
    load = message_load(facts, protocol, most_a_day=assumed.most_a_day)
    return Report(
        study=protocol.study.slug,
        protocol=protocol.hash,
        seed=seed,
        starts_on=start,
        ends_on=facts.ended_at.date(),
        assumed=assumed.told(),
        cohort=_cohort(facts),
        messages=load,
        collisions=collisions(facts),
        waves=waves,
        unreached=unreached(waves, protocol),
        strips=strips(facts, protocol),
        balance=balance(facts, protocol),
        safety=safety,
        clocks=clock_changes(facts, protocol),
        staff=_staff(facts, load, safety),
        rows=dict(sorted(facts.rows.items())),
    )


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")


def _cohort(facts: Facts) -> Cohort:
    ends = Counter(who.follow_up for who in facts.people)
    return Cohort(
        came=facts.came,
        turned_away=dict(sorted(facts.turned_away.items())),
        enrolled=len(facts.people),
        randomised=sum(who.randomised_at is not None for who in facts.people),
        crossed_over=sum(who.crossover_at is not None for who in facts.people),
        completed=ends[FollowUp.COMPLETED],
        withdrew=ends[FollowUp.WITHDRAWN],
        fell_silent=facts.silent,
        paused=facts.pauses,
    )


def _safety(facts: Facts, protocol: Protocol) -> tuple[Alerts, ...]:
    found = []
    for rule in protocol.safety:
        fired = [alert for alert in facts.alerts if alert.rule == rule.id]
        found.append(
            Alerts(
                rule=rule.id,
                alert=rule.alert.role,
                fires=len(fired),
                people=len({alert.person for alert in fired}),
                by_wave=dict(sorted(Counter(alert.wave for alert in fired).items())),
                undecided=facts.undecided.get(rule.id, 0),
            )
        )
    return tuple(found)


def _staff(facts: Facts, load: Load, safety: tuple[Alerts, ...]) -> Staff:
    alerts: Counter[str] = Counter()
    for rule in safety:
        alerts[rule.alert] += rule.fires
    return Staff(
        tasks=dict(sorted(facts.tasks.items())),
        notices=load.to_staff,
        alerts=dict(sorted(alerts.items())),
    )
