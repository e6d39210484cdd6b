"""``longwave protocol timeline``: a table for each arm, and a picture of all."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from factories.broken import SMALL
from typer.testing import CliRunner

from longwave import resources
from longwave.cli import protocol as command

SVG = "{http://www.w3.org/2000/svg}"
WIDEST_LETTER = 7.2
"""In pixels, on average over a label of the picture's font at 12 pixels."""

MANY = """\
  - {id: diary, label: {en: D, tr: D}, anchor: randomisation, target: P12W, at: "20:00",
     window: {before: P0D, after: P2D}, instruments: [mood], repeat: {every: P1W, times: 12}}
  - {id: esm, label: {en: E, tr: E}, anchor: randomisation, target: P26W, instruments: [mood],
     sampling: {days: 7, per_day: 5, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}}
  - {id: fair, label: {en: F, tr: F}, anchor: 2027-03-10, target: P0D,
     window: {before: P0D, after: P10D}, instruments: [mood]}
  - {id: half_a_year, label: {en: H, tr: H}, anchor: randomisation, target: P30W,
     window: {before: P0D, after: P10D}, instruments: [habits]}
  - {id: after_the_course, label: {en: A, tr: A}, anchor: programme, target: P9W,
     window: {before: P0D, after: P10D}, instruments: [habits]}
programmes:
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of eight waves, some of them repeated."""
    folder = tmp_path / "many"
    for path in SMALL.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(SMALL)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    file = folder / "protocol.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("programmes:\n", MANY, 1), "utf-8")
    return folder


def example(name: str) -> Path:
    return resources.protocols_directory() / name


def told(path: Path, *options: str) -> tuple[int, list[str]]:
    arguments = ["timeline", str(path), "--enrolled", "2027-03-01", *options]
    result = CliRunner().invoke(command.app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, [line.rstrip() for line in result.output.splitlines()]


def drawn(path: Path, to: Path) -> ElementTree.Element:
    code, _ = told(path, "--svg", str(to))
    assert code == 0
    return ElementTree.fromstring(to.read_text(encoding="utf-8"))


def test_each_arm_has_a_table_by_day_date_and_local_time() -> None:
    code, lines = told(example("msc_burnout_rct"))
    assert code == 0
    assert [line for line in lines if line.startswith("arm ")] == [
        "arm active, time zone Europe/Istanbul",
        "arm waitlist, time zone Europe/Istanbul",
    ]
    assert lines.count("  0  Mon 2027-03-01  10:00  wave w0 opens and is due") == 2
    assert lines.count(" 28  Mon 2027-03-29  09:00  wave w1 due") == 2
    assert lines.count("182  Mon 2027-08-30  09:00  crossover") == 1
    assert lines.count(" 49  Mon 2027-04-19  10:00  programme msc8: last of 8 sessions") == 1
    assert any(line.startswith("Assumed: ") for line in lines)


def test_one_arm_in_another_zone() -> None:
    _, lines = told(example("msc_burnout_rct"), "--arm", "waitlist", "--zone", "America/New_York")
    assert [line for line in lines if line.startswith("arm ")] == [
        "arm waitlist, time zone America/New_York"
    ]
    assert " 28  Mon 2027-03-29  09:00  wave w1 due" in lines


def test_a_stepped_start_shows_each_step() -> None:
    _, lines = told(example("daily_practice_steps"))
    crossovers = [line.split()[0] for line in lines if line.endswith("crossover")]
    assert crossovers == ["28", "84", "140"]


def test_repeated_waves_have_a_line_for_each_occurrence(study: Path) -> None:
    _, lines = told(study, "--arm", "now")
    diary = [line for line in lines if "wave diary" in line and "opens until" in line]
    assert len(diary) == 12
    assert diary[0] == (
        " 84  Mon 2027-05-24  20:00  wave diary, 1 of 12: opens until Wed 2027-05-26 20:00"
    )
    assert len([line for line in lines if "wave esm, " in line]) == 35
    assert any(line.startswith("Random times are an example") for line in lines)


def test_the_same_protocol_gives_the_same_example(study: Path) -> None:
    assert told(study) == told(study)


def test_who_comes_too_late_is_told_what_is_not_planned(study: Path) -> None:
    result = CliRunner().invoke(
        command.app, ["timeline", str(study), "--enrolled", "2028-01-01", "--arm", "now"]
    )
    assert "Not planned: fair." in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--arm", "both"), "There is no arm 'both'. Write one of active, waitlist."),
        (("--zone", "Mars/Base"), "There is no time zone 'Mars/Base'."),
        (("--svg", "/nowhere/at/all.svg"), "cannot be written to /nowhere/at/all.svg"),
    ],
)
def test_what_cannot_be_is_told_plainly(options: tuple[str, ...], message: str) -> None:
    code, lines = told(example("msc_burnout_rct"), *options)
    assert code == 1
    assert message in " ".join(lines).replace("\n", " ")


def test_a_faulty_protocol_is_no_timeline(study: Path) -> None:
    file = study / "protocol.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("P1W, times", "P1D, times"), "utf-8")
    code, lines = told(study)
    assert code == 1
    assert "waves[3].repeat.every" in " ".join(lines)


def boxes(picture: ElementTree.Element) -> list[tuple[str, float, float, float]]:
    """Return text, left, right and baseline of every text."""
    found = []
    for text in picture.iter(f"{SVG}text"):
        place, width = float(text.get("x", "0")), len(text.text or "") * WIDEST_LETTER
        left = place - width / 2 if text.get("text-anchor") == "middle" else place
        found.append((text.text or "", left, left + width, float(text.get("y", "0"))))
    return found


@pytest.mark.parametrize("name", ["msc_burnout_rct", "daily_practice_steps", "many"])
def test_no_text_of_the_picture_overlaps_another_or_leaves_it(
    study: Path, tmp_path: Path, name: str
) -> None:
    picture = drawn(study if name == "many" else example(name), tmp_path / "arms.svg")
    texts = boxes(picture)
    for one, other in combinations(texts, 2):
        apart = one[2] <= other[1] or other[2] <= one[1] or abs(one[3] - other[3]) >= 14
        assert apart, (one, other)
    width, height = float(picture.get("width", "0")), float(picture.get("height", "0"))
    assert all(left >= 0 and right <= width and y <= height for _, left, right, y in texts)


def test_a_repeated_wave_is_one_band(study: Path, tmp_path: Path) -> None:
    picture = drawn(study, tmp_path / "arms.svg")
    bands = [shape for shape in picture.iter(f"{SVG}rect") if shape.get("class") == "band"]
    assert len(bands) == 4  # diary and moments, in two arms
    labels = [text.text for text in picture.iter(f"{SVG}text")]
    assert labels.count("diary × 12") == 2
    assert labels.count("esm × 35") == 2


def test_the_picture_tells_the_same_in_words_and_in_dark(study: Path, tmp_path: Path) -> None:
    picture = drawn(study, tmp_path / "arms.svg")
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title desc"
    description = picture.find(f"{SVG}desc").text
    assert "Arm later: enrolment, randomisation on day 0" in description
    assert "crossover on day 56" in description
    assert "wave diary × 12 open from day 84 to day" in description
    assert "prefers-color-scheme: dark" in picture.find(f"{SVG}style").text


def test_a_cohort_has_one_row_without_an_arm(tmp_path: Path, study: Path) -> None:
    file = study / "protocol.yaml"
    text = file.read_text(encoding="utf-8").replace("kind: randomised", "kind: cohort")
    start, end = text.index("arms:\n"), text.index("waves:\n")
    text = text[:start] + text[end : text.index("analysis:\n")]
    text = text.replace("anchor: randomisation", "anchor: enrolment")
    text = text[: text.index("  - {id: after_the_course")] + text[text.index("programmes:\n") :]
    file.write_text(text, "utf-8")
    code, lines = told(study, "--svg", str(tmp_path / "one.svg"))
    assert code == 0
    assert lines[0] == "small-study, time zone Europe/Istanbul"
    assert told(study, "--arm", "now")[0] == 1
