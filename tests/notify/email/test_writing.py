"""Mails written directly are read as the same mails that the library writes."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longwave.notify import Attachment, Mail
from longwave.notify.email.writing import written

MAIL = Mail(
    recipient="ada@clinic.example",
    subject="Your next questionnaire is ready",
    body="Hello,\n\nit is ready:\nhttps://study.example/l/abc\n",
    message_id=f"{'0a' * 16}@longwave",
    date=datetime(2026, 2, 2, 8, tzinfo=UTC),
    unsubscribe="https://study.example/l/abc/unsubscribe",
)
FILE = Attachment("questionnaire.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
SENDER = "Anketler Ölçümü <study@study.example>"
NOT_LINES = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

texts = st.text(
    st.characters(codec="utf-8", exclude_characters=f"\r{NOT_LINES}", exclude_categories=["Cs"]),
    max_size=400,
)
one_line = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "),
    min_size=1,
    max_size=120,
)


def read(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def parts(message):
    """Return what a reader gets: of each part its type, and what it holds."""
    found = []
    for part in message.walk():
        if part.is_multipart():
            found.append(part.get_content_type())
            continue
        content = part.get_content()
        if isinstance(content, str):
            content = content.replace("\r\n", "\n")
        found.append((part.get_content_type(), part.get_filename(), content))
    return found


def heads(message):
    return {
        name: re.sub(r"\s+", " ", str(value))
        for name, value in message.items()
        if not name.startswith("Content-")
    }


def assert_same(mail, sender=SENDER):
    """Check that both are the same mail, and that each server can take ours."""
    content = written(mail, sender)
    ours = read(content)
    library = read(mail.as_email(sender).as_bytes(policy=email.policy.SMTP))
    assert heads(ours) == heads(library)
    assert parts(ours) == parts(library)
    assert not ours.defects and not any(part.defects for part in ours.walk())
    assert content.isascii()
    lines = content.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 998


@pytest.mark.parametrize("html", [None, "<p>Hello,</p>\n"])
@pytest.mark.parametrize("files", [(), (FILE,), (FILE, replace(FILE, filename="b.ics"))])
@pytest.mark.parametrize("unsubscribe", [None, MAIL.unsubscribe])
def test_every_make_of_mail_is_the_same_mail(html, files, unsubscribe):
    assert_same(replace(MAIL, html=html, attachments=files, unsubscribe=unsubscribe))


@settings(deadline=None)
@given(texts, one_line)
@example(".\n..\n--=_a0\nFrom me\n", "x")
@example("ends in spaces   \n\ttab\t\n=3D\n", "=?utf-8?q?x?=")
@example("x" * 3000, "s" * 300)
@example("مرحبا " * 40, "استبيان جديد " * 12)
@example("", "ş")
def test_every_text_is_the_same_text(text, subject):
    mail = replace(MAIL, body=text, html=f"<p>{text}</p>", subject=subject.strip() or "s")
    assert_same(mail)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_every_file_is_the_same_file(content):
    file = Attachment("a.bin", "application/octet-stream", content)
    assert_same(replace(MAIL, attachments=(file,)))


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": '"a b"@clinic.example'},
        {"attachments": (replace(FILE, filename="soru formu.ics"),)},
        {"attachments": (replace(FILE, filename="ölçüm.ics"),)},
        {"unsubscribe": "https://study.example/l/" + "a" * 950},
    ],
    ids=["quoted address", "name with a space", "name of other letters", "long link"],
)
def test_what_is_unusual_is_left_to_the_library(change):
    mail = replace(MAIL, **change)
    library = mail.as_email(SENDER).as_bytes(policy=email.policy.SMTP)
    by_chance = rb"={15}\d+=="
    assert re.sub(by_chance, b"", written(mail, SENDER)) == re.sub(by_chance, b"", library)


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "a@clinic.example\r\nBcc: b@clinic.example"},
        {"subject": "Hello\r\nBcc: b@clinic.example"},
    ],
    ids=["recipient", "subject"],
)
def test_nobody_slips_a_header_in(change):
    with pytest.raises(ValueError, match="linefeed"):
        written(replace(MAIL, **change), SENDER)


def test_a_text_cannot_end_the_part_that_it_stands_in():
    plain = written(MAIL, SENDER)
    (mark,) = re.findall(rb'boundary="(.+?)"', written(replace(MAIL, html="x"), SENDER))
    assert_same(replace(MAIL, body=f"--{mark.decode()}--\n\nmore\n", html="x"))
    assert mark not in plain
