"""What can be wrong about analyses, rules and instruments, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import HABITS, HABITS_EN, MOOD, MOOD_TR, Broken, assert_only_fault

PLANNED = [
    Broken(
        "analysis[0].models[0]",
        "[clpm, riclpm]",
        "[lgm, riclpm]",
        "no 'lgm' among the models",
        "clpm_lag2",
    ),
    Broken("analysis[0].models[1]", "[clpm, riclpm]", "[clpm, clpm]", "twice", "Remove one"),
    Broken(
        "analysis[0].models[1]",
        "waves: [w0, w1, w2]",
        "waves: [w0, w1]",
        "riclpm needs 3 waves",
        "Add waves",
        "models",
    ),
    Broken(
        "analysis[0].waves[1]",
        "waves: [w0, w1, w2]",
        "waves: [w0, w8, w2]",
        "no wave 'w8'",
        "w0, w1",
    ),
    Broken(
        "analysis[0].waves[2]",
        "waves: [w0, w1, w2]",
        "waves: [w0, w2, w1]",
        "out of order",
        "order",
    ),
    Broken(
        "analysis[0].variables.calm",
        "calm: mood.calm",
        "calm: mood.clam",
        "Did you mean 'mood.calm'",
        "mood.calm, mood.tense",
    ),
    Broken(
        "analysis[0].variables.calm",
        "calm: mood.calm",
        "calm: mood",
        "no score 'mood'",
        "instrument.scale",
    ),
    Broken(
        "analysis[0].variables.tense", "tense: mood.tense", "tense: mood.calm", "used twice", "own"
    ),
    Broken(
        "analysis[0].variables",
        "{calm: mood.calm, tense: mood.tense}",
        "{calm: mood.calm}",
        "two or more",
        "at least two",
    ),
    Broken(
        "analysis[0].variables.Calm",
        "calm: mood.calm",
        "Calm: mood.calm",
        "cannot be an id",
        "letters",
    ),
    Broken("analysis[0].estimator", "estimator: MLR", "estimator: WLS", "'WLS'", "ML or MLR"),
    Broken("analysis[0].missing", "missing: fiml", "missing: mean", "'mean'", "fiml or listwise"),
    Broken("analysis[0].group", "group: arm", "group: site", "'site'", "Write arm"),
    Broken("analysis[1].id", "- id: primary", "- id: precedence", "used twice", "of its own"),
    Broken(
        "analysis[1].estimand.wave",
        "wave: w2, pop",
        "wave: w0, pop",
        "nobody has been randomised",
        "after 'w0'",
    ),
    Broken(
        "analysis[1].estimand.outcome",
        "outcome: mood.total",
        "outcome: mood.sum",
        "no score",
        "mood.total",
    ),
    Broken(
        "analysis[1].estimand.population",
        "all_randomised",
        "everybody",
        "'everybody'",
        "per_protocol",
    ),
    Broken("analysis[1].alpha", "alpha: 0.05", "alpha: 5", "between 0 and 1", "0.05"),
    Broken("analysis[1].alpha", "alpha: 0.05", "alpha: 5 %", "number is expected", "digits"),
]

INSTRUMENTS = [
    Broken("longwave", "longwave: 1", "longwave: 3", "version", "longwave: 1", file=MOOD),
    Broken("id", "id: mood", "id: modo", "does not match the file", "id: mood", file=MOOD),
    Broken(
        "licence",
        "licence: Made for tests.\n",
        "",
        "missing",
        "Add 'licence'",
        "longwave",
        file=MOOD,
    ),
    Broken("minutes", "minutes: 1", "minutes: 0", "more than 0", "Correct", file=MOOD),
    Broken(
        "answers.maximum", "maximum: 3}", "maximum: 0}", "no response scale", "above", file=MOOD
    ),
    Broken(
        "verified.key",
        "minutes: 1",
        "verified: {key: yes}\nminutes: 1",
        "true or false",
        "true",
        "verified",
        file=MOOD,
    ),
    Broken(
        "items[4]", "q4, q5]\nscales", "q4, q4]\nscales", "used twice", "own id", "items", file=MOOD
    ),
    Broken(
        "scales[0].items[0]",
        "items: [q1, q2]",
        "items: [q9, q2]",
        "'q9' is not a Likert",
        "Correct",
        file=MOOD,
    ),
    Broken(
        "scales[0].items[1]", "items: [q1, q2]", "items: [q1, q1]", "twice", "Remove", file=MOOD
    ),
    Broken(
        "scales[2].reversed[1]",
        "reversed: [q3, q4]",
        "reversed: [q3, q7]",
        "not a Likert item or part that this scale scores",
        "Correct",
        file=MOOD,
    ),
    Broken(
        "scales[1].minimum_answered",
        "minimum_answered: 0.5",
        "minimum_answered: 80",
        "above 0",
        "0.8",
        file=MOOD,
    ),
    Broken("scales[3].id", "id: balance", "id: calm", "used twice", "of its own", file=MOOD),
    Broken(
        "scales[0].method",
        "calm, method: mean",
        "calm, method: median",
        "'median'",
        "mean, sum or count",
        file=MOOD,
    ),
    Broken(
        "scales[3].items",
        "parts: [calm, tense], reversed: [tense]",
        "",
        "items or parts",
        "exactly one",
        "balance",
        file=MOOD,
    ),
    Broken(
        "scales[3].parts[1]",
        "parts: [calm, tense], reversed: [tense]",
        "parts: [calm, later]",
        "stands above",
        "Correct",
        file=MOOD,
    ),
    Broken(
        "scales[3].reversed[0]",
        "parts: [calm, tense], reversed: [tense]",
        "parts: [calm, total], reversed: [total]",
        "is no plain mean",
        "part a mean",
        file=MOOD,
    ),
    Broken(
        "items[1].options", "[ward, office]", "[ward]", "two options", "two option", file=HABITS
    ),
    Broken(
        "items[0].options", "unit: hours", "options: [a, b]", "number has no", "choice", file=HABITS
    ),
    Broken(
        "language", "language: tr", "language: en", "does not match", "language: tr", file=MOOD_TR
    ),
    Broken("instrument", "instrument: mood", "instrument: md", "not match", "mood", file=MOOD_TR),
    Broken(
        "items",
        ", q5: Five",
        "",
        "The wording of q5 is missing",
        "under 'items'",
        "items",
        file=MOOD_TR,
    ),
    Broken("items.q6", "q5: Five", "q5: Five, q6: Six", "no 'q6'", "remove the line", file=MOOD_TR),
    Broken(
        "scales", ", balance: Balance", "", "wording of balance", "'scales'", "scales", file=MOOD_TR
    ),
    Broken("answers", ", 3: always", "", "The wording of 3", "'answers'", "answers", file=MOOD_TR),
    Broken(
        "answers",
        "answers: {0: never, 1: rarely, 2: often, 3: always}\n",
        "",
        "0, 1, 2, 3",
        "'answers'",
        "longwave",
        file=MOOD_TR,
    ),
    Broken(
        "placeholder",
        "placeholder: true",
        "placeholder: yes",
        "true or false",
        "without quotes",
        file=HABITS_EN,
    ),
    Broken(
        "options.place", "office: Office", "", "options office", "place", "options", file=HABITS_EN
    ),
    Broken(
        "options.hours",
        "options: {",
        "options: {hours: {}, ",
        "not an item that has options",
        "remove",
        file=HABITS_EN,
    ),
]

CASES = PLANNED + INSTRUMENTS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(
    small: dict[str, bytes], case: Broken
) -> None:
    assert_only_fault(small, case)
