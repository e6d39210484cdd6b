"""Faults are told together, once each, whatever the files hold."""

from __future__ import annotations

import pytest
from factories.broken import MOOD, MOOD_TR, Broken, assert_only_fault, faults_of, small_study
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longwave.domain.errors import LongwaveError
from longwave.domain.protocol import ProtocolFaults, read_protocol

YAML = [
    Broken("", "kind: randomised", "kind: [randomised", "not valid YAML", "brackets", "languages"),
    Broken("", "kind: randomised", "kind: 'randomised", "not valid YAML", "quotes", "rule:"),
    Broken("", "kind: randomised", "kind: \x01", "not valid YAML", "quotes", "longwave"),
    Broken(
        "study.slug",
        "slug: small-study",
        "slug: &a small-study",
        "anchors and aliases",
        "each place",
    ),
    Broken("study.slug", "slug: small-study", "slug: !!str small-study", "tags", "quotes"),
    Broken(
        "study.slug",
        "kind: randomised",
        "slug: other\n  kind: randomised",
        "'slug' is given twice; it was given first on line 3",
        "Remove one",
        "slug: other",
    ),
    Broken(
        "study.contact", "team@example.org", '"a\\x07b"', "control character", "Type the text again"
    ),
    Broken(
        "study",
        "  slug: small-study",
        "  ? [a]\n  : b\n  slug: x",
        "must be a word",
        "quotes",
        "[a]",
    ),
    Broken("", "longwave: 1\n", "longwave: 1\n---\n", "second YAML document", "'---'", "---"),
    Broken(
        "study.contact" + "[0]" * 22,
        "team@example.org",
        "[" * 40 + "]" * 40,
        "nested too deeply",
        "extra brackets",
        "[[",
    ),
]


@pytest.mark.parametrize("case", YAML, ids=lambda case: f"{case.field}-{case.message}")
def test_what_is_not_plain_yaml_is_told(small: dict[str, bytes], case: Broken) -> None:
    assert_only_fault(small, case)


def test_all_faults_are_told_at_once_in_the_order_of_the_files(small: dict[str, bytes]) -> None:
    small[MOOD] = small[MOOD].replace(b"minutes: 1", b"minutes: 0")
    protocol = small["protocol.yaml"].decode()
    for old, new in (
        ("  slug:", "  slugg: x\n  slug:"),
        ("maximum: 120", "maximum: -1"),
        ("tr: Şimdi}, programme: course", "tr: Şimdi}, programme: cours"),
        ("anchor: wave:w1", "anchor: wave:w9"),
        ("mood.total <= 4", "mood.totl <= 4"),
        ("calm: mood.calm", "calm: mood.clam"),
    ):
        protocol = protocol.replace(old, new, 1)
    faults = faults_of(small | {"protocol.yaml": protocol.encode()})
    assert [(fault.file, fault.field) for fault in faults] == [
        ("protocol.yaml", "study.slugg"),
        ("protocol.yaml", "eligibility.items[0].maximum"),
        ("protocol.yaml", "arms.now.programme"),
        ("protocol.yaml", "waves[2].anchor"),
        ("protocol.yaml", "safety[0].when"),
        ("protocol.yaml", "analysis[0].variables.calm"),
        (MOOD, "minutes"),
    ]


def test_the_exception_is_one_of_longwaves_own_and_tells_every_fault(
    small: dict[str, bytes],
) -> None:
    for old, new in (("answers: P10Y", "answers: P999Y"), ("[21:00", "[9pm")):
        small["protocol.yaml"] = small["protocol.yaml"].replace(old.encode(), new.encode())
    with pytest.raises(LongwaveError, match="2 faults") as caught:
        read_protocol(small)
    assert "data_protection.retention.answers" in caught.value.message
    assert "messages.quiet_hours[0]" in caught.value.message


@pytest.mark.parametrize(
    ("file", "field", "message", "remedy"),
    [
        (
            "consent/tr.md",
            "consent.document",
            "consent/tr.md does not exist",
            "Write consent/tr.md",
        ),
        (
            "texts/resources/en.md",
            "safety[0].show",
            "texts/resources/en.md does not",
            "Write texts",
        ),
        (MOOD, "waves[{}].instruments[0]", "no instrument 'mood'", f"add {MOOD}"),
        (MOOD_TR, "waves[0].instruments[0]", "no wording in language 'tr'", f"Add {MOOD_TR}"),
        ("protocol.yaml", "", "There is no protocol.yaml", "folder"),
    ],
)
def test_a_missing_file_is_told(
    small: dict[str, bytes], file: str, field: str, message: str, remedy: str
) -> None:
    del small[file]
    faults = faults_of(small)
    places = [0, 1, 2] if "{}" in field else [0]
    assert [fault.field for fault in faults] == [field.format(place) for place in places]
    assert all(message in fault.message and remedy in fault.remedy for fault in faults)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "describes no study"),
        (b"# nothing yet", "describes no study"),
        (b"[1, 2]", "describes no study"),
        (b"text", "describes no study"),
        (b"study:\n  slug: \xff\xfe", "not UTF-8"),
        (b"a: " + b"x" * 1_100_000, "larger than 1024 KiB"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{" * 100_000, "must be a word"),
        (b"a: &a [x]\nb: [*a, *a]\n", "anchors and aliases"),
        (b'a: "\\Uffffffff"', "not valid YAML"),
    ],
)
def test_a_file_that_is_no_protocol_is_told(
    small: dict[str, bytes], content: bytes, message: str
) -> None:
    faults = faults_of(small | {"protocol.yaml": content})
    assert any(message in fault.message for fault in faults)
    assert all(fault.file == "protocol.yaml" and fault.remedy for fault in faults)


def test_an_empty_consent_document_is_told(small: dict[str, bytes]) -> None:
    (fault,) = faults_of(small | {"consent/en.md": b" \n"})
    assert (fault.field, fault.message) == ("consent.document", "The file consent/en.md is empty.")


def test_faults_of_one_value_are_not_told_again_elsewhere(small: dict[str, bytes]) -> None:
    (fault,) = faults_of(small | {MOOD: b"longwave: 1\nitems: ["})
    assert fault.file == MOOD


FRAGMENTS = st.sampled_from(
    [
        b"", b"-", b": ", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"!!int ", b"null", b"true", b"0",
        b"-1", b"1e999", b"99999999999999999999", b"x", b"w1", b"P4W", b"21:00", b"'", b'"', b"|\n",
        b"#", b"\n", b"  ", b"\xff", b"\x00", b"? ", b"%", b"---\n", b"site", b"wave:w2", b"&&",
    ]
)  # fmt: skip


FULLER = {
    "strata: [licensed, site]": "strata: [licensed, site]\n  cluster: shift\n  minimisation: "
    "{weights: {site: 2}, probability: 0.9, imbalance: range}\n"
    "  sealed: {block_sizes: [2, 4], lists: {all: [now, later], site=north: [now]}}",
    "after: w2}": "after: w2, at: P4W, from: opening}",
    "anchor: randomisation": "anchor: programme",
}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_the_files_hold_only_faults_are_raised(data: st.DataObject) -> None:
    files = small_study()
    for old, new in FULLER.items() if data.draw(st.booleans()) else ():
        files["protocol.yaml"] = files["protocol.yaml"].replace(old.encode(), new.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(["protocol.yaml"] * 6 + sorted(files)))
        content = files[name]
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        new = data.draw(st.one_of(FRAGMENTS, st.binary(max_size=6)))
        files[name] = content[:start] + new + content[end:]
    try:
        protocol = read_protocol(files)
    except ProtocolFaults as error:
        assert all(fault.line >= 1 and fault.message and fault.remedy for fault in error.faults)
    else:
        assert len(protocol.hash) == 64
