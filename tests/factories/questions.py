"""The small trial asked with every kind of item: rules, gaps, chance and attention checks."""

from __future__ import annotations

from factories.small_trial import FILES as TRIAL
from longwave.domain.instrument import Instrument
from longwave.domain.protocol.instruments import read_entry

ABOUT = "instruments/about.yaml"
ABOUT_EN = "instruments/wordings/about.en.yaml"
EVENING = "instruments/evening.yaml"
EVENING_EN = "instruments/wordings/evening.en.yaml"
TRAITS = "instruments/traits.yaml"

_ABOUT = """
longwave: 1
id: about
version: "1.0"
items:
  - {id: role, kind: choice, options: [nurse, doctor, other], other: other}
  - {id: ward, kind: text, max_length: 40}
  - {id: works_nights, kind: choice, options: ["yes", "no"]}
  - {id: nights, kind: number, minimum: 1, maximum: 31, step: 1, when: works_nights == 'yes'}
  - {id: why, kind: choices, options: [pay, team, other, none], other: other, exclusive: [none],
     when: nights >= 8}
scales: [{id: nights, method: mean, items: [nights], minimum_answered: 1}]
minutes: 2
licence: made for tests
"""

_EVENING = """
longwave: 1
id: evening
version: "1.0"
items:
  - {id: intro, kind: information}
  - {id: tired, kind: slider, minimum: 0, maximum: 100, step: 5}
  - {id: slept_at, kind: time, earliest: "18:00"}
  - {id: last_shift, kind: date, earliest: "2026-01-01", latest: "2027-12-31"}
  - {id: hours, kind: number, minimum: 0, maximum: 24, step: 0.5, unit: h}
  - {id: check, kind: choice, options: [green, blue], attention: blue}
  - {id: pay_matters, kind: choice, options: ["yes", "no"], when: "'pay' in about.why"}
  - {id: agree, kind: consent}
  - {id: note, kind: text, max_length: 2000, when: traits.total >= 3}
scales: []
minutes: 3
licence: made for tests
"""

_TRAITS = """
longwave: 1
id: traits
version: "1.0"
answers: {minimum: 1, maximum: 5}
item_order: random
keep_first: 1
items: [t1, t2, t3, t4, {id: t5, attention: 2}, t6]
scales: [{id: total, method: mean, items: [t1, t2, t3, t4, t6]}]
minutes: 1
licence: made for tests
"""

_ABOUT_WORDING = """
longwave: 1
instrument: about
language: {language}
title: About you
instruction: First some questions about you.
items:
  role: What is your profession?
  ward: Where do you work?
  works_nights: Do you work at night?
  nights: How many nights a month do you work on {{{{ ward }}}}?
  why: Why do you work so many nights?
options:
  role: {{nurse: Nurse, doctor: Doctor, other: Something else}}
  works_nights: {{"yes": "Yes", "no": "No"}}
  why: {{pay: The pay, team: The team, other: Something else, none: None of these}}
units: {{nights: nights}}
fallbacks: {{ward: your ward}}
scales: {{nights: Nights}}
"""

_EVENING_WORDING = """
longwave: 1
instrument: evening
language: {language}
title: The evening
instruction: Think of yesterday.
items:
  intro: Now some questions about yesterday.
  tired: How tired were you on {{{{ about.ward }}}}?
  slept_at: When did you go to bed?
  last_shift: When was your last shift?
  hours: How long did it take, as a {{{{ about.role }}}}?
  check: Please choose blue here.
  pay_matters: Would you work fewer nights if they were paid less?
  agree: What I wrote may be quoted.
  note: What else should we know?
options:
  check: {{green: Green, blue: Blue}}
  pay_matters: {{"yes": "Yes", "no": "No"}}
ends: {{tired: [wide awake, about to fall asleep]}}
fallbacks: {{about.ward: your ward, about.role: colleague}}
scales: {{}}
"""

_TRAITS_WORDING = """
longwave: 1
instrument: traits
language: {language}
title: You
instruction: How much is this so?
items: {{t1: One, t2: Two, t3: Three, t4: Four, t5: Choose the second answer, t6: Six}}
answers: {{"1": No, "2": Hardly, "3": Partly, "4": Mostly, "5": "Yes"}}
scales: {{total: Traits}}
"""

_WORDINGS = {"about": _ABOUT_WORDING, "evening": _EVENING_WORDING, "traits": _TRAITS_WORDING}
_STRUCTURES = {ABOUT: _ABOUT, EVENING: _EVENING, TRAITS: _TRAITS}

FILES: dict[str, bytes] = {
    **TRIAL,
    "protocol.yaml": TRIAL["protocol.yaml"].replace(
        b"instruments: [rest, load]", b"instruments: [about, traits, evening]"
    ),
    **{path: text.encode() for path, text in _STRUCTURES.items()},
    **{
        f"instruments/wordings/{name}.{language}.yaml": text.format(language=language).encode()
        for name, text in _WORDINGS.items()
        for language in ("en", "tr")
    },
}

ASKED = ("about", "traits", "evening")


def instruments() -> dict[str, Instrument]:
    """Return the instruments by id."""
    return {name: read_entry(name, FILES) for name in ASKED}
