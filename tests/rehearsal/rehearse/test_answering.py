"""Virtual participants answer what is shown, and every kind of question as people can."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from factories.questions import FILES
from factories.rehearsing import DUTIFUL, rehearsed
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.branching import visibility
from longwave.domain.instrument import Instrument, Item, Option
from longwave.domain.items import REFUSED, check_value
from longwave.domain.protocol import read_protocol
from longwave.rehearsal.rehearse.answering import _value, pages
from longwave.rehearsal.rehearse.people import Virtual

PROTOCOL = read_protocol(FILES)
WAVE = PROTOCOL.wave("w0")


def virtual(seed: int) -> Virtual:
    rng = np.random.default_rng(seed)
    at = datetime(2027, 2, 1, tzinfo=UTC)
    latents = rng.standard_normal((2, 2))
    return Virtual(
        1, rng, at, "north", "en", "Europe/Istanbul", {}, frozenset(), 0.3, latents, {}, {}
    )


def answered(seed: int, assumed=DUTIFUL) -> dict[str, dict[str, str]]:
    return dict(pages(virtual(seed), PROTOCOL, WAVE, assumed))


@pytest.mark.parametrize("seed", range(40))
def test_only_what_is_shown_is_answered_and_all_of_it(seed: int) -> None:
    given = answered(seed)
    settled = {
        (name, item): value for name, values in given.items() for item, value in values.items()
    }
    shown = visibility(PROTOCOL.instruments, WAVE.instruments, settled, at_the_end=True)
    asked = {
        (name, item.id)
        for name in WAVE.instruments
        for item in PROTOCOL.instruments[name].asked
        if shown[name, item.id]
    }
    assert set(settled) == asked
    for name, item in asked:
        check_value(PROTOCOL.instruments[name].item(item), settled[name, item])


def test_rules_hide_from_some_and_show_to_others() -> None:
    counts = Counter(item for seed in range(60) for item in answered(seed)["about"])
    assert counts["works_nights"] == 60
    assert 0 < counts["why"] < counts["nights"] < 60


def test_people_pass_over_and_refuse_only_what_they_may() -> None:
    careless = replace(DUTIFUL, skips=0.5, refuses=0.5)
    for name, values in pages(virtual(3), PROTOCOL, WAVE, careless):
        for item, value in values.items():
            refusable = PROTOCOL.instruments[name].item(item).refusable
            assert value == "" or (value == REFUSED and refusable) or not refusable


def test_most_people_read_on_and_some_do_not() -> None:
    checks = [answered(seed)["evening"]["check"] for seed in range(300)]
    assert 0.9 < checks.count("blue") / 300 < 1.0


def test_a_study_with_every_kind_of_question_can_be_rehearsed() -> None:
    report = rehearsed(FILES, 12, assumed=replace(DUTIFUL, partial=0.3, skips=0.1, refuses=0.1))
    assert report.cohort.randomised > 0
    assert report.messages.sent["invitation"] >= 12


numbers = st.none() | st.integers(-50, 50).map(float) | st.sampled_from([0.5, 2.25])
days = st.none() | st.dates(date(1950, 1, 1), date(2100, 1, 1)).map(lambda day: day.isoformat())
times = st.none() | st.times().map(lambda time: f"{time:%H:%M}")
OPTIONS = tuple(Option(str(n), {}, exclusive=n > 3) for n in range(5))


@st.composite
def items(draw: st.DrawFn) -> Item:
    kind = draw(st.sampled_from(["choice", "choices", "number", "text", "date", "time", "consent"]))
    low, high = sorted([draw(numbers), draw(numbers)], key=lambda n: (n is None, n))
    bounds = {"date": days, "time": times}.get(kind, st.none())
    first, last = sorted([draw(bounds), draw(bounds)], key=lambda text: (text is None, text))
    if draw(st.booleans()):
        low, high, first, last = None, low, None, first
    return Item(
        "i",
        kind,
        {},
        options=OPTIONS,
        minimum=low,
        maximum=high,
        step=draw(st.sampled_from([None, 0.5, 1.0, 0.1])),
        earliest=first,
        latest=last,
        max_length=draw(st.integers(1, 300)),
    )


@given(items(), st.integers(0, 1000))
def test_whatever_is_answered_is_an_answer(item: Item, seed: int) -> None:
    about = Instrument.__new__(Instrument)  # nothing of it is looked at but for response scales
    check_value(item, _value(virtual(seed), about, item, 1.0))
