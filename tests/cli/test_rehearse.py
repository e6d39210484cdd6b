"""``longwave protocol rehearse``: text, files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from factories.rehearsing import trial
from typer.testing import CliRunner

from longwave.cli import protocol as command


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The small trial, as a folder."""
    folder = tmp_path / "trial"
    for name, content in trial().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def told(study: Path, *options: str) -> tuple[int, str]:
    arguments = ["rehearse", str(study), "--participants", "6", "--start", "2027-02-01", *options]
    result = CliRunner().invoke(command.app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, " ".join(result.output.split())


def test_a_rehearsal_is_printed_and_written(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, text = told(study, "--out", str(out))
    assert code == 0
    assert "6 came, 6 enrolled." in text
    for heading in ("Messages", "Windows that collide", "Balance of the arms", "Assumed"):
        assert heading in text
    assert sorted(path.name for path in out.iterdir()) == [
        ".longwave-rehearsal",
        "messages.svg",
        "missingness.svg",
        "rehearsal.json",
        "rehearsal.txt",
        "windows.svg",
    ]
    data = json.loads((out / "rehearsal.json").read_text(encoding="utf-8"))
    assert (data["study"], data["seed"], data["starts_on"]) == ("small-trial", 1, "2027-02-01")
    assert "6 came, 6 enrolled." in (out / "rehearsal.txt").read_text(encoding="utf-8")


def test_a_rehearsal_replaces_an_earlier_one_and_nothing_else(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert told(study, "--out", str(out))[0] == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    before = (out / "rehearsal.json").read_bytes()
    assert told(study, "--out", str(out), "--seed", "2")[0] == 0
    assert (out / "rehearsal.json").read_bytes() != before
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_holds_something_else_is_left_alone(study: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, text = told(study, "--out", str(mine))
    assert code == 1
    assert "holds files that no rehearsal made" in text
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_shares_are_taken_from_options_and_a_file(study: Path, tmp_path: Path) -> None:
    assume = tmp_path / "assume.yaml"
    assume.write_text("dropout: 0.5\npartial: 0.25\n", encoding="utf-8")
    code, text = told(study, "--assume", str(assume), "--dropout", "0.1", "--nonresponse", "0.3")
    assert code == 0
    assert "dropout 0.1 " in text and "nonresponse 0.3 " in text and "partial 0.25 " in text


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--participants", "0"), 2, "Invalid value for '--participants'"),
        (("--dropout", "1.2"), 1, "--dropout is 1.2. Write a share from 0 to 1."),
        (("--assume", "/nowhere.yaml"), 1, "/nowhere.yaml cannot be read"),
        (("--start", "tomorrow"), 2, "'tomorrow' does not match the format"),
    ],
)
def test_what_cannot_be_is_told_plainly(
    study: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    found, text = told(study, *options)
    assert found == code
    assert message in text.replace("│ ", "").replace(" │", "")


def test_a_path_without_a_protocol_is_told(tmp_path: Path) -> None:
    code, text = told(tmp_path / "nowhere")
    assert code == 1
    assert "There is no protocol at" in text


def test_a_faulty_protocol_is_told_with_its_faults(study: Path) -> None:
    file = study / "protocol.yaml"
    text = file.read_text(encoding="utf-8").replace("target: P4W", "target: soon")
    file.write_text(text, encoding="utf-8")
    code, said = told(study)
    assert code == 1
    assert "waves[1].target" in said
