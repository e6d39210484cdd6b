"""How a protocol's files are gathered: what it refers to, from the nearest place, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from longwave import resources
from longwave.domain.errors import InvalidInputError, LongwaveError, NotFoundError
from longwave.domain.protocol import read_protocol

EXAMPLE = "msc_burnout_rct"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the example study alone, away from the library."""
    folder = tmp_path / "studies" / "mine"
    shutil.copytree(resources.protocols_directory() / EXAMPLE, folder)
    return folder


def test_migrations_and_protocols_are_found() -> None:
    assert (resources.protocols_directory() / EXAMPLE / "protocol.yaml").is_file()
    assert resources.migrations_directory().is_dir()


def test_data_inside_the_package_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "_data" / "migrations"
    inside.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    assert resources.migrations_directory() == inside


def test_an_installation_without_its_data_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    monkeypatch.setattr(resources, "_REPOSITORY", tmp_path)
    with pytest.raises(LongwaveError, match="Install Longwave again"):
        resources.protocols_directory()


def test_a_study_elsewhere_finds_its_instruments_in_the_library(study: Path) -> None:
    files = resources.protocol_files(study)
    assert "instruments/scs_sf.yaml" in files
    assert files == resources.protocol_files(study / "protocol.yaml")
    assert read_protocol(files).study.slug == "msc-clinicians"


def test_only_what_is_referred_to_is_read(study: Path) -> None:
    (study / "secrets.txt").write_text("x")
    (study / "consent" / "de.md").write_text("x")
    files = resources.protocol_files(study)
    assert len(files) == 1 + 3 + 3 * 3 + 3 + 3 * 4  # protocol, consent, messages, help, instruments
    assert not {"secrets.txt", "consent/de.md", "README.md"} & set(files)


def test_the_nearest_wording_is_taken(study: Path) -> None:
    name = "instruments/wordings/scs_sf.en.yaml"
    library = (resources.protocols_directory() / name).read_bytes()
    beside, own = study.parent / name, study / name
    assert resources.protocol_files(study)[name] == library
    for place in (beside, own):
        place.parent.mkdir(parents=True)
        place.write_bytes(str(place).encode())
        assert resources.protocol_files(study)[name] == str(place).encode()


def test_texts_of_the_study_are_never_taken_from_elsewhere(study: Path) -> None:
    (study / "consent" / "tr.md").unlink()
    (study.parent / "consent").mkdir()
    (study.parent / "consent" / "tr.md").write_text("not this one")
    assert "consent/tr.md" not in resources.protocol_files(study)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/protocol.yaml", "."])
def test_a_folder_without_protocol_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match=r"There is no protocol at .*protocol\.yaml"):
        resources.protocol_files(tmp_path / name)


def test_a_link_that_leads_out_of_the_folder_is_refused(study: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("x")
    (study / "consent" / "en.md").unlink()
    (study / "consent" / "en.md").symlink_to(outside)
    with pytest.raises(InvalidInputError, match="leads out of its folder"):
        resources.protocol_files(study)


def test_a_link_within_the_folder_is_followed(study: Path) -> None:
    (study / "consent" / "tr.md").unlink()
    (study / "consent" / "tr.md").symlink_to("en.md")
    files = resources.protocol_files(study)
    assert files["consent/tr.md"] == files["consent/en.md"]


def test_a_file_of_a_megabyte_is_refused(study: Path) -> None:
    (study / "consent" / "en.md").write_bytes(b"x" * (resources.MAXIMUM_FILE_BYTES + 1))
    with pytest.raises(InvalidInputError, match="larger than 1024 KiB"):
        resources.protocol_files(study)


def test_names_in_the_protocol_cannot_lead_out(study: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("x")
    protocol = study / "protocol.yaml"
    text = protocol.read_text(encoding="utf-8").replace("[scs_sf, bat_12]", "[../../../secret]")
    protocol.write_text(text.replace("consent/{language}", "../{language}"), encoding="utf-8")
    assert all(".." not in name for name in resources.protocol_files(study))


def test_a_broken_protocol_is_still_gathered_so_that_its_faults_can_be_told(study: Path) -> None:
    (study / "protocol.yaml").write_text("study: [")
    assert set(resources.protocol_files(study)) == {"protocol.yaml"}
