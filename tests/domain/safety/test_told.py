"""Who of the team is told of an alert, and alerts that would reach nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.study import make_protocol

from longwave.domain.protocol.alerting import (
    Alerting,
    Escalation,
    HelpPage,
    OutOfHours,
    SafetyRule,
    WatchHours,
)
from longwave.domain.safety import Holding, told, uncovered

OWNER = Holding(1, "owner")
NORTH = Holding(2, "coordinator", "north")
SOUTH = Holding(3, "coordinator", "south")
BLINDED = Holding(4, "coordinator", "north", blinded=True)
ANALYST = Holding(5, "analyst")


@pytest.mark.parametrize(
    ("team", "site", "tells_arm", "whom"),
    [
        ((OWNER, NORTH, SOUTH), "north", False, (2,)),
        ((OWNER, SOUTH), "north", False, (1,)),
        ((SOUTH, ANALYST), "north", False, ()),
        ((NORTH, BLINDED), "north", False, (2, 4)),
        ((NORTH, BLINDED), "north", True, (2,)),
        ((OWNER, BLINDED), "north", True, (1,)),
        ((Holding(6, "facilitator"), BLINDED), "north", True, (6,)),
        ((BLINDED,), "north", True, (4,)),
    ],
)
def test_those_with_the_role_at_the_site_are_told_before_others(team, site, tells_arm, whom):
    assert told(team, site, ["coordinator"], tells_arm=tells_arm) == whom


def test_each_is_told_once_however_many_roles_they_have():
    both = (NORTH, Holding(2, "owner"), OWNER)
    assert told(both, "north", ["coordinator", "owner"], tells_arm=False) == (2, 1)


def gaps(alert, *team):
    protocol = replace(
        make_protocol(), safety=(SafetyRule("tired", "a >= 1", HelpPage("help"), alert),)
    )
    return [(gap.role, gap.sites) for gap in uncovered(protocol, team)]


def test_sites_whose_alerts_would_reach_nobody_are_named():
    alert = Alerting("coordinator")
    assert gaps(alert, OWNER) == []
    assert gaps(alert, NORTH, SOUTH) == []
    assert gaps(alert, NORTH, ANALYST) == [("coordinator", ("south",))]
    assert gaps(alert) == [("coordinator", ("north", "south"))]


def test_cover_out_of_hours_and_escalation_are_looked_at_as_well():
    alert = Alerting(
        "coordinator",
        escalate=Escalation("owner", None),
        hours=WatchHours("08:00", "18:00", ("mon",), "UTC"),
        out_of_hours=OutOfHours(role="facilitator"),
    )
    assert gaps(alert, NORTH, SOUTH) == [
        ("facilitator", ("north", "south")),
        ("owner", ("north", "south")),
    ]
    assert gaps(alert, NORTH, SOUTH, OWNER) == []


def test_a_gap_says_what_is_lacking_and_what_to_do():
    protocol = make_protocol()
    (gap,) = uncovered(protocol, [NORTH])
    assert str(gap) == (
        "an alert of tired at south would reach nobody: there is no coordinator and no owner "
        "(longwave staff add)"
    )
