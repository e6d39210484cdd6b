"""When an assessment closes, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.protocol.model import Expiry
from longwave.domain.schedule import closing

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
HARD = START + timedelta(days=7)
RULES = Expiry(unopened=Duration.parse("P2D"), idle=Duration.parse("PT3H"))


def at(text):
    return None if text is None else Duration.parse(text).after(START)


@pytest.mark.parametrize(
    ("invited", "opened", "saved", "closes", "reason"),
    [
        (None, None, None, "P7D", "window"),
        ("P0D", None, None, "P2D", "unopened"),
        ("P6D", None, None, "P7D", "window"),
        ("P5D", None, None, "P7D", "window"),
        ("P0D", "P1D", None, "P1DT3H", "idle"),
        ("P0D", "P1D", "P1DT2H", "P1DT5H", "idle"),
        ("P0D", "P3D", "P1D", "P3DT3H", "idle"),
        ("P0D", "P6DT22H", None, "P7D", "window"),
    ],
)
def test_the_earliest_rule_that_applies_closes(invited, opened, saved, closes, reason):
    found = closing(
        RULES, HARD, "UTC", invited_at=at(invited), opened_at=at(opened), saved_at=at(saved)
    )
    assert (found.at, found.reason) == (at(closes), reason)


@pytest.mark.parametrize("rules", [None, Expiry(None, RULES.idle)])
def test_without_a_rule_for_it_what_is_unopened_waits_for_the_end_of_the_window(rules):
    assert closing(rules, HARD, "UTC", invited_at=START).at == HARD


def test_without_a_rule_for_it_what_is_idle_waits_for_the_end_of_the_window():
    rules = Expiry(RULES.unopened, None)
    assert closing(rules, HARD, "UTC", invited_at=START, opened_at=START).at == HARD


@given(
    invited=st.none() | st.integers(0, 10_000),
    opened=st.none() | st.integers(0, 10_000),
    saved=st.none() | st.integers(0, 10_000),
    unopened=st.none() | st.integers(1, 5_000),
    idle=st.none() | st.integers(1, 5_000),
)
def test_nothing_closes_after_its_window_and_activity_never_closes_it_sooner(
    invited, opened, saved, unopened, idle
):
    rules = Expiry(
        None if unopened is None else Duration(minutes=unopened),
        None if idle is None else Duration(minutes=idle),
    )

    def close(saved):
        moments = {
            name: None if minute is None else START + timedelta(minutes=minute)
            for name, minute in (
                ("invited_at", invited),
                ("opened_at", opened),
                ("saved_at", saved),
            )
        }
        return closing(rules, HARD, "Europe/Berlin", **moments)

    found = close(saved)
    assert found.at <= HARD
    assert (found.at == HARD) == (found.reason == "window")
    if saved is not None:
        assert close(saved + 1).at >= found.at
