"""Reports on undeliverable mail, in the shapes in which servers write them."""

from __future__ import annotations

import pytest
from factories import returned
from factories.returned import ID, OURS, PLAIN, VERP
from hypothesis import given
from hypothesis import strategies as st

from longwave.notify.email.dsn import Ignored, Report, read_report

LIKE_POSTFIX = "smtp; {} <ada@clinic.example>: no"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (returned.postfix(), "5.1.1"),
        (returned.postfix_headers_only(), "5.1.1"),
        (returned.exim(), "5.1.1"),
        (returned.exim("smtp; 550 no such person"), "550"),
        (returned.exim("all relevant MX records point to non-existent hosts"), "5.0.0"),
        (returned.old_exim(), "5.1.1"),
        (returned.old_exim("550 no such person"), "550"),
        (returned.old_exim("Unrouteable address"), "5.0.0"),
        (returned.exchange(), "5.1.10"),
        (returned.gmail(), "5.1.1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_address_that_is_no_good_is_told_whoever_tells_it(content, status):
    assert read_report(content) == Report("hard", status, (OURS,))


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (returned.postfix("4.4.1", "delayed", said="X-Postfix; timed out"), "4.4.1"),
        (returned.postfix("4.4.1", "failed", said="X-Postfix; timed out"), "4.4.1"),
        (returned.postfix("5.2.2", said="smtp; 552 5.2.2 full"), "5.2.2"),
        (returned.postfix("5.7.1", said="smtp; 550 5.7.1 looks like spam"), "5.7.1"),
        (returned.exim("smtp; 452 4.2.2 full"), "4.2.2"),
        (returned.old_exim("no answer", "Warning: message 1abc delayed 24 hours"), "4.0.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_luck_is_told_from_it(content, status):
    assert read_report(content) == Report("soft", status, (OURS,))


@pytest.mark.parametrize("content", [returned.complaint(), returned.complaint("opt-out")])
def test_a_complaint_is_one(content):
    report = read_report(content)
    assert (report.kind, report.message_ids) == ("complaint", (OURS,))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (returned.on_holiday(), "automatic reply"),
        (returned.from_a_person(), "no report"),
        (returned.read_receipt(), "no report"),
        (returned.complaint("not-spam"), "no complaint"),
        (returned.postfix("2.1.5", "relayed"), "no failure"),
        (returned.postfix("2.0.0", "delivered"), "no failure"),
        (returned.postfix().replace(ID.encode(), b"another"), "no message of ours"),
        (b"", "no report"),
        (b"\x00\xff\xfe", "no report"),
        (b"Content-Type: message/delivery-status\n\n", "no failure"),
        (b"Content-Type: multipart/report; boundary=x\n\n--x", "no report"),
    ],
)
def test_whatever_else_comes_is_ignored_and_said_why(content, why):
    ignored = read_report(content, VERP if ID.encode() in content else "")
    assert isinstance(ignored, Ignored)
    assert why in ignored.why


def test_the_address_that_was_written_to_tells_the_mail_though_nothing_was_returned():
    bare = returned.postfix(to=PLAIN, returned="Content-Type: text/plain\n\nnothing\n")
    assert isinstance(read_report(bare), Ignored)
    assert read_report(bare, VERP) == Report("hard", "5.1.1", (OURS,))
    assert read_report(returned.postfix(returned="")) == Report("hard", "5.1.1", (OURS,))


def test_the_address_that_was_written_to_goes_before_what_stands_in_a_report():
    other = "f" * 32
    report = read_report(returned.postfix(to=PLAIN), f"bounces+{other}@study.example")
    assert report.message_ids == (f"{other}@longwave", OURS)


def test_of_several_recipients_the_worst_counts():
    failed, delayed, relayed = ("failed", "5.1.1"), ("delayed", "4.4.1"), ("relayed", "2.1.5")
    assert read_report(returned.several(relayed, failed, delayed)).status == "5.1.1"
    assert read_report(returned.several(failed, relayed)).status == "5.1.1"
    assert read_report(returned.several(delayed, relayed)).status == "4.4.1"
    assert read_report(returned.several(("failed", "5.1.1"), ("failed", "5.2.2"))).status == "5.1.1"


def test_lines_may_end_as_they_do_on_the_wire():
    for make in (returned.postfix, returned.gmail, returned.complaint, returned.old_exim):
        wire = make().replace(b"\n", b"\r\n")
        assert read_report(wire) == read_report(make())


@given(st.data())
def test_no_report_however_broken_breaks_the_reader(data):
    whole = data.draw(st.sampled_from([returned.postfix(), returned.gmail(), returned.complaint()]))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    broken = whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:]
    assert isinstance(read_report(broken), Report | Ignored)
