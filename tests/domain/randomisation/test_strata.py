"""Strata, and the names of lists."""

from __future__ import annotations

import pytest
from factories.randomising import plan
from factories.small_trial import FILES
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.protocol import read_protocol
from longwave.domain.randomisation import factor_levels, levels_of, list_of, stratum_of

words = st.text(st.characters(exclude_characters="|"), max_size=8)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), words, max_size=4))
def test_the_levels_of_a_stratum_can_be_read_from_it(levels):
    factors = tuple(levels)
    assert levels_of(factors, stratum_of(factors, levels)) == levels


@pytest.mark.parametrize(
    ("factors", "stratum"),
    [(("site",), "all"), ((), "site=a"), (("sex", "site"), "site=a|sex=f"), (("sex",), "")],
)
def test_a_text_that_is_no_stratum_is_refused(factors, stratum):
    with pytest.raises(ValueError, match="not a stratum"):
        levels_of(factors, stratum)


def test_factors_stand_in_the_protocols_order():
    assert stratum_of(("sex", "site"), {"site": "a", "sex": "f"}) == "sex=f|site=a"


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (plan(), "all"),
        (plan(strata=["site"]), "site=a"),
        (plan("minimisation", strata=["site"]), "all"),
        (plan(cluster="team"), "clusters"),
        (plan(cluster="team", strata=["site"]), "site=a"),
    ],
)
def test_the_list_follows_from_the_plan_and_the_stratum(chosen, name):
    assert list_of(chosen, "site=a" if chosen.strata else "all") == name


def test_the_levels_of_factors_come_from_the_protocol():
    assert factor_levels(read_protocol(FILES)) == {"site": ("north", "south")}
