"""Templates know variables and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.texts import VARIABLES, flaws_of, message_template

GOOD = "Subject: Ready\nSMS: Open {{ link }}\n\nHello {{ name }},\n\n{{ link }}\n"
VALUES = {name: f"<{name}>" for name in VARIABLES}

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ link.__class__ }}",
    "{{ link|attr('__class__') }}",
    "{{ link['x'] }}",
    "{{ range(10 ** 9) }}",
    "{{ self }}",
    "{{ 'x' * 10 ** 9 }}",
    "{{ __import__('os').system('true') }}",
    "{{ LINK }}",
    "{{ {}.__class__ }}",
    "{{ link.format(**{}) }}",
    "{{ }}",
    "{{ li\nnk }}",
]
STATEMENTS = [
    "{% for i in range(10 ** 9) %}{% for j in range(10 ** 9) %}x{% endfor %}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% set x = 1 %}",
    "{# said by nobody #}",
    "{{ link",
    "link }}",
]


def told(body: str, known=VARIABLES) -> list[tuple[int, str]]:
    source = GOOD + body
    return [(flaw.line, flaw.message) for flaw in flaws_of(source, known)]


def test_a_good_text_has_no_flaws() -> None:
    assert told("Again: {{link}} or [here]({{ link }}).") == []


@pytest.mark.parametrize("attempt", [*ESCAPES, *STATEMENTS])
def test_an_attempt_to_compute_is_refused_on_its_line(attempt: str) -> None:
    (line, *_), *_ = told(attempt)
    assert line in (7, 8)


@pytest.mark.parametrize("attempt", [*ESCAPES, *STATEMENTS])
def test_what_is_refused_would_not_be_computed_either(attempt: str) -> None:
    values = {**VALUES, **dict.fromkeys(told_names(attempt), "<a value>")}
    filled = message_template(GOOD + attempt).fill(values)
    assert len(filled.plain) < 2 * len(GOOD + attempt) + 100
    assert "class '" not in filled.plain and "root:" not in filled.plain


def told_names(attempt: str) -> set[str]:
    return set(message_template(GOOD + attempt).variables)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ closing }}", "The variable 'closing' does not exist for this message."),
        ("{{ reminder_number }}", "'reminder_number' is not known in this message."),
    ],
)
def test_a_variable_that_a_message_lacks_is_found(text: str, message: str) -> None:
    known = [name for name in VARIABLES if name != "reminder_number"]
    ((line, said),) = told(text, known)
    assert line == 7 and message in said


@pytest.mark.parametrize("name", ["link", "name", "study_contact"])
def test_a_subject_takes_no_variable_that_tells_who_or_where(name: str) -> None:
    source = GOOD.replace("Ready", f"Ready {{{{ {name} }}}}")
    (flaw,) = flaws_of(source, VARIABLES)
    assert flaw.line == 1 and "a subject" in flaw.message


def test_an_sms_does_not_show_the_name() -> None:
    (flaw,) = flaws_of(GOOD.replace("Open", "{{ name }}:"), VARIABLES)
    assert flaw.line == 2 and "an SMS" in flaw.message


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("Hello\n\n{{ link }}\n", 1, "no subject"),
        ("Subject:\n\n{{ link }}\n", 1, "'subject' is empty"),
        ("Subject: Ready\nHello\n\n{{ link }}\n", 2, "No empty line"),
        ("Subject: Ready\nSubject: Again\n\n{{ link }}\n", 2, "No empty line"),
        ("Subject: Ready\nBcc: me@example.org\n\n{{ link }}\n", 2, "no line 'bcc'"),
        ("Subject: Ready\n\n\nHello\n", 4, "The body lacks {{ link }}"),
        ("Subject: Ready\nSMS: Open\n\n{{ link }}\n", 2, "The SMS lacks {{ link }}"),
        (f"Subject: {'long' * 20}\n\n{{{{ link }}}}\n", 1, "has 80 characters"),
        (f"Subject: Ready\nSMS: {{{{ link }}}} {'x' * 320}\n\n{{{{ link }}}}", 2, "320"),
        (f"Subject: Ready\n\n{{{{ link }}}}\n{'x' * 16_384}\n", 1, "over 16384 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(source: str, line: int, message: str) -> None:
    (flaw,) = flaws_of(source, VARIABLES)
    assert flaw.line == line
    assert message in flaw.message
    assert flaw.remedy


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_whatever_makes_the_check_fail(head: str, body: str) -> None:
    for flaw in flaws_of(f"{head}\n\n{body}", VARIABLES):
        assert flaw.line >= 1


@given(st.text(alphabet="ab{}%#._ *`[]()<>\n-1gapqz0", max_size=80))
def test_a_text_without_flaws_can_be_filled_in(body: str) -> None:
    source = f"Subject: Ready\n\n{{{{ link }}}}\n\n{body}"
    if not flaws_of(source, VARIABLES):
        filled = message_template(source).fill(VALUES)
        assert "<link>" in filled.plain and "&lt;link&gt;" in filled.html


def test_the_guide_describes_every_variable_and_no_other() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "protocols.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `\{\{ (\w+) \}\}` \|", guide, flags=re.MULTILINE)) == VARIABLES
