"""Uploaded lists: read with care, and given out in their order."""

from __future__ import annotations

import pytest
from factories.randomising import TWO, plan, seed

from longwave.domain.errors import InvalidInputError, ListEndedError
from longwave.domain.randomisation import make_settings, next_arm, read_lists, replay

SITES = {"site": ("a", "b")}
GOOD = "site,arm\na,active\nb,waitlist\na,waitlist\nb,active\nb,active\n"


def test_a_list_is_read_by_stratum_in_the_order_of_its_rows():
    assert read_lists(GOOD, TWO, SITES) == {
        "site=a": ("active", "waitlist"),
        "site=b": ("waitlist", "active", "active"),
    }


def test_without_strata_there_is_one_list():
    assert read_lists("arm\nactive\nwaitlist\n", TWO, {}) == {"all": ("active", "waitlist")}


def test_the_order_of_the_factors_is_the_protocols():
    text = "arm,site,sex\nactive,a,f\nwaitlist,a,m\n"
    assert set(read_lists(text, TWO, {"sex": ("f", "m"), "site": ("a",)})) == {
        "sex=f|site=a",
        "sex=m|site=a",
    }


def test_what_spreadsheets_write_is_read():
    text = "\ufeffsite;arm\r\na;active\r\n\r\nb; waitlist \r\n;\r\n"
    assert read_lists(text, TWO, SITES) == {"site=a": ("active",), "site=b": ("waitlist",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Line 1 .*missing.*site,arm"),
        ("centre,arm\na,active\n", "Line 1 .*centre, arm.*site, arm are expected"),
        ("site,arm\na,active\nb,activ\n", "Line 3 .*'activ' is no arm.*active, waitlist"),
        ("site,arm\nc,active\n", "Line 2 .*'c' is no site.*a, b"),
        ("site,arm\na,active,1\n", "Line 2 .*3 cells in place of 2"),
        ("site,arm\na,active\na,waitlist\n", "no row for site=b"),
        ("site,arm\na,active\nb,active\n", "allocates to waitlist"),
    ],
)
def test_a_faulty_file_is_told_by_line_with_a_remedy(text, message):
    with pytest.raises(InvalidInputError, match=message) as raised:
        read_lists(text, TWO, SITES)
    assert raised.value.remedy


def test_arms_are_given_out_in_the_order_of_the_list():
    settings = make_settings(plan("list", strata=["site"]), seed(1), read_lists(GOOD, TWO, SITES))
    arms = [next_arm(settings, "site=b", position, {"site": "b"}) for position in range(3)]
    assert arms == ["waitlist", "active", "active"]
    following = replay(settings, "site=a")
    assert [following({}), following({})] == ["active", "waitlist"]


@pytest.mark.parametrize("name", ["site=a", "site=elsewhere"])
def test_a_list_at_its_end_says_so_and_what_to_do_and_no_arm(name):
    settings = make_settings(plan("list", strata=["site"]), seed(1), read_lists(GOOD, TWO, SITES))
    with pytest.raises(ListEndedError, match=f"{name} has no place left") as raised:
        next_arm(settings, name, 2, {})
    assert raised.value.remedy
    assert not any(arm in str(raised.value) for arm in TWO)
