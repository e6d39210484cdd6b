"""``longwave protocol check``: all faults as lines of text, or a summary."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from longwave import resources
from longwave.cli import protocol as command

EXAMPLE = "msc_burnout_rct"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(resources.protocols_directory() / EXAMPLE, folder)
    return folder


def check(path: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(command.app, ["check", str(path)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output.splitlines()


def breaks(study: Path, *changes: tuple[str, str]) -> list[str]:
    """Break a study; return the new lines of its protocol."""
    file = study / "protocol.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return text.splitlines()


def test_a_sound_protocol_is_summed_up(study: Path) -> None:
    code, lines = check(study)
    output = "\n".join(lines)
    assert code == 0
    assert "msc-clinicians (randomised), 240 participants" in output
    assert "active, waitlist" in output
    assert "permuted_blocks, 1:1, after w0" in output
    assert "profession, site" in output
    assert [line.split() for line in lines if line.startswith("w3")] == [
        ["w3", "randomisation", "P26W", "24", "5"]
    ]
    assert any(line.startswith("hash") and len(line.split()[-1]) == 64 for line in lines)
    assert "trial run only" in output


def test_who_comes_to_which_arm_and_how_many_is_summed_up(study: Path) -> None:
    breaks(
        study,
        (
            "      rule: licensed == 'yes'\n",
            "      rule: licensed == 'yes'\n  caps:\n"
            "    - {site: ankara, stratum: {profession: nurse}, most: 50}\n",
        ),
        ("  strata: [profession, site]", "  cluster: profession\n  sealed: {block_sizes: [2]}"),
    )
    code, lines = check(study)
    told = dict(line.split(maxsplit=1) for line in lines if " " in line)
    assert code == 0
    assert told["caps"] == "50 profession=nurse|site=ankara"
    assert told["randomisation"] == "permuted_blocks, 1:1, after w0"
    assert told["strata"] == "none"
    assert told["clusters"] == "profession"
    assert "trial run only" in told["sealed"]


def test_every_fault_is_one_line_with_place_field_message_and_remedy(study: Path) -> None:
    written = breaks(
        study,
        ("kind: randomised", "kind: randomized"),
        ("anchor: randomisation\n    target: P26W", "anchor: wave:w4\n    target: P26W"),
        ("primary", "w0 and more"),
    )
    code, lines = check(study / "protocol.yaml")
    assert code == 1
    places = [line.split("  ") for line in lines]
    assert [place[1] for place in places] == ["study.kind", "waves[3].anchor", "analysis[1].id"]
    assert all(len(place) == 4 for place in places)
    for place, part in zip(places, ["randomized", "wave:w4", "w0 and more"], strict=True):
        file, number = place[0].split(":")
        assert file == "protocol.yaml"
        assert part in written[int(number) - 1]


def test_the_four_classic_mistakes_are_told_together(study: Path) -> None:
    breaks(
        study,
        ("  target_n: 240", "  target_n: 240\n  sample_size: 240"),
        ("at: \"09:00\"\n    instruments: [scs_sf, bat_12]\n  - id: w2",
         "at: \"09:00\"\n    instruments: [scs_sf, bat_21]\n  - id: w2"),
        ("window: {before: P7D, after: P21D}", "window: {before: P7D, after: P200D}"),
        ("id: w2\n", "id: eight_weeks\n"),
        ("waves: [w0, w1, w2,", "waves: [w0, w1, eight_weeks,"),
    )  # fmt: skip
    code, lines = check(study)
    assert code == 1
    output = "\n".join(lines)
    assert "study.sample_size" in output
    assert "no instrument 'bat_21'. Did you mean 'bat_12'?" in output
    assert "'w3' and 'w4' can overlap" in output
    assert "scs_sf_overidentification__eight_weeks would have 38 characters" in output
    assert "at most 5 characters" in output


def test_a_folder_without_protocol_is_an_error_without_a_trace(tmp_path: Path) -> None:
    code, lines = check(tmp_path)
    output = " ".join(lines)
    assert code == 1
    assert "There is no protocol at" in output
    assert "Traceback" not in output


def test_a_terminal_gets_a_table_and_nothing_is_taken_for_markup(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(study, ("kind: randomised", "kind: '[red]:smile:'"))
    page = StringIO()
    monkeypatch.setattr(command, "out", Console(file=page, force_terminal=True, width=200))
    code, _ = check(study)
    assert code == 1
    assert "study.kind" in page.getvalue()
    assert "[red]:smile:" in page.getvalue()
    assert "1 fault." in page.getvalue()


def test_permissions_that_a_live_study_needs_are_named(study: Path) -> None:
    _, lines = check(study)
    assert "permissions    bat_12, proqol_5: to be recorded before a live study opens" in lines
    recorded = (
        "permissions:\n  bat_12: {by: Owner, reference: L1, date: 2026-01-02}\n"
        "  proqol_5: {not_needed: Unchanged and not sold}\nwaves:"
    )
    breaks(study, ("\nwaves:", f"\n{recorded}"))
    assert "permissions    bat_12, proqol_5" in check(study)[1]


@pytest.mark.parametrize("name", ["mbi_hss", "proqol_12"])
def test_who_has_a_licence_is_told_how_to_bring_the_wording(study: Path, name: str) -> None:
    breaks(study, ("instruments: [scs_sf, bat_12, proqol_5]", f"instruments: [scs_sf, {name}]"))
    code, lines = check(study)
    assert code == 1
    assert "longwave instruments wording import" in " ".join(lines)
