"""What a status says of an address."""

from __future__ import annotations

import pytest

from longwave.domain.bounce import kind_of


@pytest.mark.parametrize(
    "status",
    ["5.1.1", "5.1.10", "5.1.2", "5.2.1", "5.0.0", "5.4.1", "5.4.4", "550", "551", "553", "556"],
)
def test_an_address_that_does_not_exist_is_no_good(status):
    assert kind_of(status) == "hard"


@pytest.mark.parametrize("status", ["4.2.2", "4.4.1", "4.0.0", "450", "452"])
def test_a_passing_failure_is_bad_luck(status):
    assert kind_of(status) == "soft"


@pytest.mark.parametrize(
    "status",
    ["5.7.1", "5.7.26", "5.2.2", "5.2.3", "5.3.4", "5.5.2", "5.6.0", "5.1.8", "552", "554"],
)
def test_a_lasting_failure_that_is_not_about_the_address_does_not_silence_it(status):
    assert kind_of(status) == "soft"
