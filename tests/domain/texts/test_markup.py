"""One Markdown text, as plain text and as HTML."""

from __future__ import annotations

import pytest

from longwave.domain.texts import VARIABLES, flaws_of, message_template

LINK = "https://study.example/l/token?a=1&b=2"
VALUES = {name: name for name in VARIABLES} | {"link": LINK}


def filled(body: str, **values: str):
    return message_template(f"Subject: Ready\n\n{body}").fill(VALUES | values)


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("# Hello\n\nby **{{ closes_on }}**", "Hello\n\nby closes_on\n"),
        ("- one\n- two\n  lines\n", "- one\n- two lines\n"),
        ("3. one\n4. two\n", "3. one\n4. two\n"),
        ("- a\n\n  b\n- c\n", "- a\n\n  b\n- c\n"),
        ("> said\n> so\n>\n> by me", "> said so\n>\n> by me\n"),
        ("above\n\n---\n\nbelow", f"above\n\n{'-' * 40}\n\nbelow\n"),
        ("    code {{ minutes }}\n", "code minutes\n"),
        ("one\\\ntwo *three* `four`", "one\ntwo three four\n"),
        ("[Open it]({{ link }}).", f"Open it: {LINK}.\n"),
        ("[Ask](mailto:team@example.org)", "Ask: mailto:team@example.org\n"),
        ("[team@example.org](mailto:team@example.org)", "team@example.org\n"),
        ("<https://example.org>", "https://example.org\n"),
        ("{{ link }}", f"{LINK}\n"),
    ],
)
def test_markdown_reads_well_without_markup(body: str, plain: str) -> None:
    assert filled(body).plain == plain


def test_a_bare_link_can_be_followed() -> None:
    escaped = LINK.replace("&", "&amp;")
    assert filled("Here: {{ link }}!").html == (
        f'<p>Here: <a href="{escaped}" dir="ltr">{escaped}</a>!</p>\n'
    )
    assert filled("[Open]({{ link }})").html == f'<p><a href="{escaped}">Open</a></p>\n'


def test_values_become_no_markup() -> None:
    told = filled("Hello {{ name }}", name='<b>*Ay"şe*</b> [x](y) {{ link }}')
    assert told.plain == 'Hello <b>*Ay"şe*</b> [x](y) {{ link }}\n'
    assert told.html == ("<p>Hello &lt;b&gt;*Ay&quot;şe*&lt;/b&gt; [x](y) {{ link }}</p>\n")


def test_html_in_a_text_stays_text() -> None:
    told = filled("<script>alert(1)</script> <img src=x>")
    assert "<script" not in told.html and "<img" not in told.html
    assert told.plain == "<script>alert(1)</script> <img src=x>\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("![logo](https://example.org/logo.png)", "holds no pictures"),
        ("[x](http://example.org)", "'http://example.org' cannot stand"),
        ("[x](/here)", "'/here' cannot stand"),
        ("[x](https://example.org/{{ name }})", "made up of a variable"),
        ("[x]({{ name }})", "made up of a variable"),
    ],
)
def test_pictures_and_doubtful_addresses_are_refused(body: str, message: str) -> None:
    (flaw,) = flaws_of(f"Subject: Ready\n\n{{{{ link }}}}\n\nmore\n\n{body}\n", VARIABLES)
    assert flaw.line == 7
    assert message in flaw.message


def test_words_that_look_like_a_gap_are_left_alone() -> None:
    assert filled("gap0z gapq0z {{ minutes }} gap1z").plain == "gap0z gapq0z minutes gap1z\n"


def test_one_text_is_compiled_once() -> None:
    assert message_template("Subject: a\n\nb") is message_template("Subject: a\n\nb")
