"""What sessions bring: texts and audio files, read, checked and hashed."""

from __future__ import annotations

import hashlib

import pytest
from factories.broken import Broken, assert_only_fault, change, faults_of

from longwave.domain.duration import Duration
from longwave.domain.protocol import read_protocol, read_stored, stored_form
from longwave.domain.protocol.amendment import not_amendable
from longwave.domain.protocol.media import MAXIMUM_MEDIA_BYTES

SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100)
MATERIALS = """  practice:
    kind: daily
    label: {en: Practice, tr: Alıştırma}
    minutes: 10
    days: 28
    prompt: "18:00"
    materials:
      - {text: "materials/breath/{language}.md", audio: materials/breath.wav, minutes: 8}
      - {text: "materials/walk/{language}.md"}
"""
BATCH = "groups: {capacity: 12, batch_start: {members: 8, lead: P7D, at: '18:00'}, facilitator: T}"


@pytest.fixture
def rich(small: dict[str, bytes]) -> dict[str, bytes]:
    """A study whose programmes bring texts and sound."""
    text = small["protocol.yaml"].decode()
    start, end = text.index("  practice:"), text.index("messages:")
    text = f"{text[:start]}{MATERIALS}{text[end:]}".replace("groups: {capacity: 12}", BATCH)
    return small | {
        "protocol.yaml": text.encode(),
        "materials/breath/en.md": b"# Breathe",
        "materials/breath/tr.md": b"# Nefes",
        "materials/walk/en.md": b"# Walk",
        "materials/walk/tr.md": "# Yürü".encode(),
        "materials/breath.wav": SOUND,
    }


def test_a_session_brings_its_text_its_audio_and_its_minutes(rich):
    programme = read_protocol(rich).programmes["practice"]
    first, second = programme.material(1), programme.material(2)
    assert first.text == {"en": "# Breathe", "tr": "# Nefes"}
    assert first.audio["tr"].type == "audio/wav"
    assert (first.audio["tr"].size, first.audio["tr"].hash) == (
        len(SOUND),
        hashlib.sha256(SOUND).hexdigest(),
    )
    assert second.audio == {}
    assert [programme.minutes_of(session) for session in (1, 2)] == [8, 10]
    assert programme.total == 28


def test_the_materials_of_daily_practice_begin_anew_and_those_of_a_course_end(rich):
    protocol = read_protocol(rich)
    practice = protocol.programmes["practice"]
    assert practice.material(27) == practice.material(1)
    assert protocol.programmes["course"].material(1) is None


def test_a_course_starts_in_batches(rich):
    course = read_protocol(rich).programmes["course"]
    assert course.batch_start.members == 8
    assert course.batch_start.lead == Duration(days=7)
    assert course.facilitator == "T"


def test_the_content_of_an_audio_file_is_part_of_the_hash(rich):
    other = rich | {"materials/breath.wav": SOUND + b"x"}
    assert read_protocol(other).hash != read_protocol(rich).hash


def test_a_protocol_reads_the_same_without_the_content_of_its_audio(rich):
    stored = stored_form(rich)
    assert len(stored["materials/breath.wav"]) < 100
    assert read_stored(stored) == read_protocol(rich)


def test_a_file_that_says_it_stands_for_another_is_no_audio(rich):
    pointer = stored_form(rich)["materials/breath.wav"].encode()
    (fault, *_) = faults_of(rich | {"materials/breath.wav": pointer})
    assert "not the kind of file" in fault.message


def test_materials_and_prompt_can_be_amended_and_days_cannot(rich):
    before = read_protocol(rich)
    texts = rich | {"materials/walk/en.md": b"# Walk slowly", "materials/breath.wav": SOUND * 2}
    assert not_amendable(before, read_protocol(texts)) == []
    later = rich["protocol.yaml"].replace(b'"18:00"', b'"19:00"')
    assert not_amendable(before, read_protocol(rich | {"protocol.yaml": later})) == []
    longer = rich["protocol.yaml"].replace(b"days: 28", b"days: 29")
    changed = not_amendable(before, read_protocol(rich | {"protocol.yaml": longer}))
    assert changed == ["programmes.practice.days"]


FAULTS = [
    Broken(
        "programmes.practice.materials[0].audio",
        "audio: materials/breath.wav",
        "audio: materials/breath.exe",
        "is not an audio file",
        ".mp3",
        "materials/breath.exe",
    ),
    Broken(
        "programmes.practice.materials[0].audio",
        "audio: materials/breath.wav",
        "audio: ../breath.wav",
        "is not an audio file",
        "language",
    ),
    Broken(
        "programmes.practice.materials[0].audio",
        "audio: materials/breath.wav",
        "audio: materials/gone.wav",
        "materials/gone.wav does not exist",
        "into the folder",
    ),
    Broken("programmes.practice.days", "days: 28", "days: 0", "from 1", "digits"),
    Broken("programmes.practice.prompt", '"18:00"', '"six"', "is not a time of day", "09:00"),
    Broken(
        "programmes.course.groups.batch_start.members", "members: 8", "members: 13", "of 12", "up"
    ),
    Broken(
        "programmes.course.groups.batch_start",
        "members: 8, lead: P7D, ",
        "",
        "either",
        "on: 2027",
        BATCH[:30],
    ),
    Broken(
        "programmes.course.groups.batch_start.on",
        "members: 8, lead: P7D",
        "on: 2027-02-30",
        "not a day",
        "2027-03-01",
    ),
    Broken(
        "programmes.course.groups.batch_start.lead",
        "members: 8",
        "on: 2027-03-01",
        "no lead",
        "Remove",
    ),
    Broken(
        "programmes.course.days",
        "    every: P1W\n",
        "    every: P1W\n    days: 3\n",
        "no 'days'",
        "Remove",
        "days: 3",
    ),
]


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.new.strip()[:30])
def test_what_is_wrong_is_told(rich, case):
    assert_only_fault(rich, case)


def test_a_course_has_no_more_materials_than_sessions(rich):
    entry = '\n      - {text: "materials/walk/{language}.md"}'
    case = Broken("", "    every: P1W\n", f"    every: P1W\n    materials:{entry * 9}\n", "", "")
    (fault,) = faults_of(change(rich, case))
    assert (fault.field, "8 sessions" in fault.message) == ("programmes.course.materials[8]", True)


def test_an_audio_file_has_a_largest_size(rich):
    content = SOUND + bytes(MAXIMUM_MEDIA_BYTES)
    (fault, *_) = faults_of(rich | {"materials/breath.wav": content})
    assert "larger than 20 MiB" in fault.message


def test_a_missing_text_is_named(rich):
    files = {name: content for name, content in rich.items() if name != "materials/walk/tr.md"}
    (fault,) = faults_of(files)
    assert "materials/walk/tr.md does not exist" in fault.message
