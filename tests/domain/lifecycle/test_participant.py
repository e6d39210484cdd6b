"""Every transition of a participant from every state: what is allowed, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import pytest

from longwave.domain.errors import RefusedTransitionError
from longwave.domain.lifecycle import FollowUp, Messages, ProgrammeState, Stage, StudyState
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.lifecycle.participant import Person

TAKING_PART = {"consented", "enrolled", "randomised"}
HERE = {"active", "completed", "lost"}
EVERY_STAGE, EVERY_FOLLOW_UP, EVERY_PROGRAMME = set(Stage), set(FollowUp), set(ProgrammeState)

TABLE = {
    # transition: stages, follow-ups and programmes that allow it, and what it changes
    "enrol": ({"screened"}, EVERY_FOLLOW_UP, EVERY_PROGRAMME, {"stage": "enrolled"}),
    "exclude": ({"screened"}, EVERY_FOLLOW_UP, EVERY_PROGRAMME, {"stage": "ineligible"}),
    "randomise": ({"enrolled"}, {"active"}, EVERY_PROGRAMME, {"stage": "randomised"}),
    "sign_again": (TAKING_PART, HERE, EVERY_PROGRAMME, {}),
    "be_reached": (TAKING_PART, HERE, EVERY_PROGRAMME, {}),
    "start_programme": ({"randomised"}, HERE, {"not_started"}, {"programme": "on"}),
    "cross_over": ({"randomised"}, {"active", "completed"}, EVERY_PROGRAMME, {"programme": "on"}),
    "stop_programme": (EVERY_STAGE, HERE, {"on"}, {"programme": "stopped"}),
    "complete_programme": (EVERY_STAGE, HERE, {"on"}, {"programme": "completed"}),
    "complete_follow_up": (TAKING_PART, {"active"}, EVERY_PROGRAMME, {"follow_up": "completed"}),
    "continue_follow_up": (
        EVERY_STAGE,
        {"completed"},
        EVERY_PROGRAMME,
        {"follow_up": "active"},
    ),
    "lose": (TAKING_PART, {"active"}, EVERY_PROGRAMME, {"follow_up": "lost"}),
    "find": (EVERY_STAGE, {"lost"}, EVERY_PROGRAMME, {"follow_up": "active"}),
    "withdraw": (TAKING_PART, HERE, EVERY_PROGRAMME, {"follow_up": "withdrawn"}),
    "die": (
        TAKING_PART,
        EVERY_FOLLOW_UP - {"deceased"},
        EVERY_PROGRAMME,
        {"follow_up": "deceased"},
    ),
}
STATES = [
    Person(stage, programme, follow_up)
    for stage, programme, follow_up in product(Stage, ProgrammeState, FollowUp)
]


def test_the_table_knows_every_transition():
    public = {
        name
        for name, found in vars(lifecycle).items()
        if callable(found)
        and not name.startswith("_")
        and getattr(found, "__module__", "") == lifecycle.__name__
    }
    others = {"Person", "want_messages", "erase", "may_cross_over"}
    assert public - others - {"takes_data", "require_data_open"} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_a_transition_is_allowed_from_these_states_and_from_no_other(name):
    stages, follow_ups, programmes, changes = TABLE[name]
    transition = getattr(lifecycle, name)
    for before in STATES:
        allowed = (
            before.stage in stages
            and before.follow_up in follow_ups
            and before.programme in programmes
        )
        if allowed:
            assert transition(before) == replace(before, **changes)
        else:
            with pytest.raises(RefusedTransitionError) as refusal:
                transition(before)
            assert refusal.value.message and refusal.value.remedy


def test_messages_can_be_paused_at_any_time_and_wanted_again_while_one_is_here():
    for before in STATES:
        paused = lifecycle.want_messages(before, Messages.PAUSED)
        assert paused == replace(before, messages="paused")
        again = partial(lifecycle.want_messages, paused, Messages.ON)
        if before.follow_up in HERE:
            assert again() == before
        else:
            with pytest.raises(RefusedTransitionError):
                again()


def test_erasure_is_possible_from_every_state_once():
    for before in STATES:
        after = lifecycle.erase(before)
        leaves = before.stage in TAKING_PART and before.follow_up in {"active", "lost"}
        assert after.follow_up == ("withdrawn" if leaves else before.follow_up)
        assert after.erased and after.messages == "paused"
        assert (after.stage, after.programme) == (before.stage, before.programme)
        with pytest.raises(RefusedTransitionError):
            lifecycle.erase(after)
        with pytest.raises(RefusedTransitionError):
            lifecycle.want_messages(after, Messages.ON)
        with pytest.raises(RefusedTransitionError):
            lifecycle.sign_again(after)
        with pytest.raises(RefusedTransitionError):
            lifecycle.be_reached(after)


@pytest.mark.parametrize("state", StudyState)
def test_the_data_of_a_study_change_until_it_is_locked(state):
    frozen = state in ("locked", "archived")
    assert lifecycle.takes_data(state) is not frozen
    if frozen:
        with pytest.raises(RefusedTransitionError):
            lifecycle.require_data_open(state)
    else:
        lifecycle.require_data_open(state)
