"""Sealed settings: kept as canonical JSON, committed to, and told by no text."""

from __future__ import annotations

import json
import traceback

import pytest
from factories.randomising import TWO, minimising, plan, seed
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.errors import ConfigurationError, InvalidInputError
from longwave.domain.protocol.model import InlineSettings
from longwave.domain.randomisation import SealedSettings, make_settings, replay

LISTS = {"site=a": ["active", "waitlist"], "site=b": ["waitlist", "active"]}
EVERY = {
    "simple": make_settings(plan("simple"), seed(1)),
    "permuted_blocks": make_settings(plan(), seed(1)),
    "minimisation": minimising(1, strata=("site", "age"), weights={"age": 0.3}),
    "list": make_settings(plan("list", strata=["site"]), seed(1), LISTS),
}
every_method = pytest.mark.parametrize("method", EVERY)


@every_method
def test_settings_survive_being_stored_and_keep_their_commitment(method):
    settings = EVERY[method]
    again = SealedSettings.from_json(settings.to_json())
    assert again == settings
    assert list(again.weights) == list(settings.weights)
    assert again.commitment() == settings.commitment()


def test_settings_of_the_first_version_are_read_and_keep_their_commitment():
    text = (
        '{"block_sizes": [4, 8], "ratio": {"active": 1, "waitlist": 1}, '
        '"seed": "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"}'
    )
    settings = SealedSettings.from_json(text)
    assert (settings.method, settings.block_sizes) == ("permuted_blocks", (4, 8))
    assert settings.to_json() == text
    assert settings.commitment() == (
        "ede446ea5a32d465a5a2d51b0960c8d2041f728efc8fc94f92349a1d43f2c361"
    )


@every_method
def test_no_text_of_the_settings_tells_anything(method):
    settings = EVERY[method]
    texts = [repr(settings), str(settings), f"{settings}", repr([settings])]
    try:
        raise RuntimeError(settings)
    except RuntimeError as error:
        texts.append("".join(traceback.format_exception(error)))
    for text in texts:
        assert "sealed" in text
        assert settings.seed.hex() not in text and repr(settings.seed) not in text
        assert not any(str(size) in text for size in ("(4", "[4", "0.8", "waitlist"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seed": "zz", "ratio": {}}', '{"seed": 4}'])
def test_settings_that_cannot_be_read_are_refused_without_being_shown(text):
    with pytest.raises(ConfigurationError) as raised:
        SealedSettings.from_json(text)
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    assert "zz" not in str(raised.value)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_the_commitment_tells_seeds_apart(one, other):
    commitments = {make_settings(plan(), found).commitment() for found in (one, other)}
    assert len(commitments) == len({one, other})


@every_method
def test_the_canonical_form_is_sorted_and_holds_what_the_method_draws_by(method):
    data = json.loads(EVERY[method].to_json())
    assert list(data) == sorted(data)
    own = {"permuted_blocks": {"block_sizes"}, "list": {"lists", "method"}}
    own["minimisation"] = {"weights", "probability", "imbalance", "method"}
    own["simple"] = {"method"}
    assert set(data) == {"seed", "ratio"} | own[method]


def test_the_settings_of_a_trial_run_may_stand_in_its_protocol():
    settings = make_settings(plan(inline=InlineSettings(block_sizes=(2, 6))), seed(1))
    assert settings.block_sizes == (2, 6)
    inline = InlineSettings(lists={"all": ("active", "waitlist")})
    settings = make_settings(plan("list", inline=inline), seed(1))
    assert settings.lists == {"all": ("active", "waitlist")}


def test_clusters_without_strata_have_a_list_of_their_own():
    chosen = plan("list", cluster="site")
    settings = make_settings(chosen, seed(1), {"all": ["active", "waitlist"]})
    assert replay(settings, "clusters")({}) == "active"


@pytest.mark.parametrize(
    ("chosen", "lists", "message"),
    [
        (plan("list"), None, "none was given"),
        (plan("list"), {"all": ["active", "placebo"]}, "placebo"),
        (plan("simple"), {"all": ["active"]}, "method is simple"),
        (plan(inline=InlineSettings(block_sizes=(4, 5))), None, "ratio"),
    ],
)
def test_settings_that_could_not_work_are_refused(chosen, lists, message):
    with pytest.raises(InvalidInputError, match=message) as raised:
        make_settings(chosen, seed(1), lists)
    assert raised.value.remedy


def test_weights_that_are_not_given_are_one():
    settings = minimising(1, strata=("site", "age"), weights={"age": 3})
    assert dict(settings.weights) == {"site": 1.0, "age": 3.0}
    assert dict(settings.ratio) == TWO
