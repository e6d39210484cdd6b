"""What tells an arm, and a value that cannot be looked at by accident."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass, replace

import pytest
from factories.study import make_protocol, make_wave

from longwave.domain.blinding import (
    Concealed,
    Grant,
    Viewer,
    follow_up_shown,
    message_is_shown,
    shown_payload,
    waves_shown,
    waves_that_tell,
)
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, UNBLINDED_ONLY, Action, Scope, scope_of

SEEING = Viewer("s", Role.OWNER, blinded=False)
BLINDED = Viewer("b", Role.OWNER, blinded=True)
SECRET = "zebra"


# --- concealed values ----------------------------------------------------------------------------


def test_only_who_sees_arms_gets_a_concealed_value():
    assert Concealed(SECRET).for_viewer(SEEING) == SECRET
    assert Concealed(SECRET).for_viewer(BLINDED) is None


@dataclass(frozen=True)
class Row:
    arm: Concealed[str]


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda value: f"{value}",
        lambda value: f"{value:>20}",
        lambda value: "%s %r" % (value, value),  # noqa: UP031
        lambda value: str([value]),
        lambda value: str(Row(value)),
    ],
)
def test_no_text_shows_a_concealed_value(show):
    assert SECRET not in show(Concealed(SECRET))
    assert "concealed" in show(Concealed(SECRET))


@pytest.mark.parametrize(
    "leak", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy, vars, bool, iter, sorted]
)
def test_a_concealed_value_is_refused_to_whatever_would_take_it_along(leak):
    with pytest.raises(TypeError):
        leak(Concealed(SECRET))


def test_comparing_tells_nothing():
    one, other = Concealed(SECRET), Concealed(SECRET)
    assert one != other
    assert one != SECRET
    assert one == one  # noqa: PLR0124
    assert hash(one) != hash(other)


def test_a_framework_cannot_turn_it_into_json():
    from fastapi.encoders import jsonable_encoder

    with pytest.raises(ValueError, match=r"is not iterable|vars"):
        jsonable_encoder(Row(Concealed(SECRET)).arm)


# --- waves, follow-up, messages ------------------------------------------------------------------


def protocol(*anchors):
    waves = tuple(
        make_wave(number, ("calm",), anchor=anchor) for number, anchor in enumerate(anchors)
    )
    return replace(make_protocol(), waves=waves)


@pytest.mark.parametrize(
    ("anchors", "telling"),
    [
        (("enrolment", "randomisation", "wave:w1"), set()),
        (("enrolment", "programme"), {"w1"}),
        (("enrolment", "programme", "wave:w1", "wave:w2", "wave:w0"), {"w1", "w2", "w3"}),
        (("enrolment", "wave:w2", "programme"), {"w1", "w2"}),
    ],
)
def test_waves_that_count_from_the_programme_tell_and_so_does_what_counts_from_them(
    anchors, telling
):
    found = protocol(*anchors)
    assert waves_that_tell(found) == telling
    assert {wave.id for wave in waves_shown(found, blinded=True)} == {
        wave.id for wave in found.waves
    } - telling
    assert waves_shown(found, blinded=False) == found.waves


def test_a_wave_tells_if_it_does_so_in_any_version():
    assert waves_that_tell(protocol("enrolment", "programme"), protocol("enrolment")) == {"w1"}


def test_the_end_of_follow_up_is_hidden_only_where_it_depends_on_the_arm():
    assert follow_up_shown("completed", {"w9"}, blinded=True) == "active"
    assert follow_up_shown("completed", {"w9"}, blinded=False) == "completed"
    assert follow_up_shown("completed", set(), blinded=True) == "completed"
    assert follow_up_shown("withdrawn", {"w9"}, blinded=True) == "withdrawn"


def test_a_message_of_a_kind_that_nobody_decided_about_is_hidden():
    assert message_is_shown("invitation", "w1", {"w9"})
    assert not message_is_shown("invitation", "w9", {"w9"})
    assert not message_is_shown("pigeon", None, ())


# --- events --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload", "shown"),
    [
        ("participant.randomised", {"arm": "a", "list": "l", "stratum": "s"}, {"stratum": "s"}),
        ("cluster.allocated", {"cluster": "site=x", "arm": "a"}, {"cluster": "site=x"}),
        ("participant.lost", {"reason": "waits"}, {}),
        ("participant.crossed_over", {"programme": "p"}, None),
        ("programme.started", {"programme": "p"}, None),
        ("assessment.completed", {"wave": "w1"}, {"wave": "w1"}),
        ("assessment.completed", {"wave": "w9"}, None),
        ("message.sent", {"step": "w9:invitation", "attempts": 1}, None),
        ("message.sent", {"step": "w1:invitation", "attempts": 1},
         {"step": "w1:invitation", "attempts": 1}),
        ("participant.completed", {}, None),
        ("something.new", {"wave": "w1"}, None),
    ],
)  # fmt: skip
def test_the_blinded_receive_of_an_event_what_tells_no_arm(kind, payload, shown):
    assert shown_payload(kind, payload, {"w9"}, blinded=True) == shown
    assert shown_payload(kind, payload, {"w9"}, blinded=False) == payload


def test_the_end_of_follow_up_is_told_where_it_depends_on_no_arm():
    assert shown_payload("participant.completed", {}, (), blinded=True) == {}


# --- viewers -------------------------------------------------------------------------------------


def test_every_action_has_roles_and_a_scope():
    assert set(MAY) == set(Action)
    assert all(MAY.values())
    assert {scope_of(action) for action in Action} == set(Scope) - {Scope.ALL}


def test_an_owner_may_do_everything_that_blinding_does_not_forbid():
    assert all(SEEING.may(action) for action in Action)
    assert {action for action in Action if not BLINDED.may(action)} == UNBLINDED_ONLY


def test_the_role_with_the_most_rights_is_shown():
    grants = [Grant(Role.ANALYST), Grant(Role.OWNER, "north"), Grant(Role.MONITOR, "south")]
    viewer = Viewer.of("x", grants, blinded=True)
    assert viewer.role == Role.OWNER
    assert viewer.sites is None
    local = Viewer.of("x", grants[1:], blinded=True)
    assert local.sites == {"north", "south"}
    assert local.sites_for(Action.SEE_TRAIL) == {"north", "south"}
    assert local.sites_for(Action.FOLLOW_UP) == {"north"}
