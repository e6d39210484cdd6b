"""``longwave instruments``: what the library says, what is wrong, and what is never written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from factories.library import library
from typer.testing import CliRunner

from longwave import resources
from longwave.cli import wording as command
from longwave.cli.app import app
from longwave.domain.protocol import read_protocol

FORM = """\
part,id,value,text
title,,,Kendinize dair
instruction,,,Ne sıklıkta?
answer,,1,bir
answer,,2,iki
answer,,3,üç
answer,,4,dört
answer,,5,beş
"""
ITEMS = "".join(f"item,q{number},,Madde {number}\n" for number in range(1, 13))
TARGET = Path("instruments/wordings/scs_sf.tr.yaml")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(resources.protocols_directory() / "msc_burnout_rct", folder)
    return folder


@pytest.fixture
def form(tmp_path: Path) -> Path:
    file = tmp_path / "scs.csv"
    file.write_text(FORM + ITEMS, encoding="utf-8")
    return file


def run(*words: object) -> Result:
    done = CliRunner().invoke(app, ["instruments", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def take(form: Path, study: Path, *more: object, language: str = "tr") -> Result:
    return run(
        *("wording", "import", form, "--instrument", "scs_sf"),
        *("--language", language, "--out", study, *more),
    )


def refused(done: Result, *words: str) -> None:
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("error: ")
    for word in words:
        assert word in done.stderr


# --- the library -------------------------------------------------------------------------------


def test_the_list_has_every_instrument_with_what_is_not_verified() -> None:
    lines = run("list").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines if line and not line.startswith(" ")}
    assert set(library()) <= set(rows)
    for name, one in library().items():
        assert ("UNVERIFIED" in rows[name]) == (one.key_status == "unverified")
        assert ("no key" in rows[name]) == (one.key_status == "none")
    assert "doi, missing rule" in rows["scs_sf"]


@pytest.mark.parametrize("name", sorted(library()))
def test_every_instrument_shows_its_facts(name: str) -> None:
    one = library()[name]
    done = run("show", name)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    for fact in (one.name, one.licence, one.source, *one.notes, *(w.text for w in one.warnings)):
        assert " ".join(fact.split()) in text
    told = [line.split() for line in done.stdout.splitlines()]
    key = {"unverified": ["UNVERIFIED"], "none": ["no", "key"], "verified": ["verified"]}
    assert ["key", *key[one.key_status]] in told
    for cut_off in one.cut_offs:
        assert f"{cut_off.country}, {cut_off.population}, {cut_off.year}" in text
    if one.scales and not one.cut_offs:
        assert "Cut-offs - none" in text


def test_an_unknown_instrument_is_refused_with_what_may_be_meant() -> None:
    refused(run("show", "scs_fs"), "no instrument 'scs_fs'", "Did you mean 'scs_sf'?")


# --- checking ------------------------------------------------------------------------------------


def test_the_library_has_no_faults() -> None:
    done = run("check", resources.library_directory())
    assert done.exit_code == 0
    assert "scs_sf, version 1: 12 items, 7 scales" in done.stdout


def test_faults_of_a_teams_own_instrument_are_told_with_their_places(study: Path) -> None:
    own = study / "instruments"
    own.mkdir()
    shutil.copyfile(resources.library_directory() / "stss.yaml", own / "stss.yaml")
    text = (own / "stss.yaml").read_text(encoding="utf-8")
    (own / "stss.yaml").write_text(text.replace("country: United States", "land: X"), "utf-8")
    done = run("check", study)
    assert done.exit_code == 1
    assert "instruments/stss.yaml:" in done.stdout
    assert "cut_offs[0].country" in done.stdout


def test_a_wording_is_checked_with_the_librarys_structure(study: Path) -> None:
    folder = study / "instruments" / "wordings"
    folder.mkdir(parents=True)
    source = resources.library_directory() / "wordings" / "who_5.tr.yaml"
    text = source.read_text(encoding="utf-8")
    (folder / "who_5.tr.yaml").write_text(text.replace("  q5:", "  q6:"), encoding="utf-8")
    for path in (study, study / "instruments", folder / "who_5.tr.yaml"):
        done = run("check", path)
        assert done.exit_code == 1
        assert "The wording of q5 is missing" in done.stdout


def test_a_folder_without_instruments_is_refused(tmp_path: Path) -> None:
    refused(run("check", tmp_path), "There are no instruments", "Name a folder")
    refused(run("check", tmp_path / "nowhere"), "There are no instruments")


def test_a_wording_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wordings").mkdir()
    (tmp_path / "wordings" / "other.en.yaml").write_text("longwave: 1\n", encoding="utf-8")
    refused(run("check", tmp_path), "a wording of other, but no structure")


# --- importing -----------------------------------------------------------------------------------


def test_an_imported_wording_takes_the_place_of_the_placeholder(form: Path, study: Path) -> None:
    done = take(form, study)
    assert done.exit_code == 0, done.output
    assert "12 items of scs_sf in tr" in done.stdout
    assert "Free for any purpose with citation" in done.stderr
    one = read_protocol(resources.protocol_files(study)).instruments["scs_sf"]
    assert one.placeholder == {"en", "ar"}
    assert one.items[11].text["tr"] == "Madde 12"
    assert one.scale("total").label["tr"] == library()["scs_sf"].scale("total").label["tr"]
    assert run("check", study).exit_code == 0


def test_title_and_instruction_may_be_given_beside_the_file(form: Path, study: Path) -> None:
    lines = [line for line in (FORM + ITEMS).splitlines() if line[:5] not in ("title", "instr")]
    form.write_text("\n".join(lines), encoding="utf-8")
    refused(take(form, study), "The title is missing", "--title", "--instruction")
    assert take(form, study, "--title", "Baş", "--instruction", "Yön").exit_code == 0
    text = (study / TARGET).read_text(encoding="utf-8")
    assert 'title: "Baş"' in text


def test_nothing_is_written_when_anything_is_wrong(form: Path, study: Path) -> None:
    form.write_text(FORM + ITEMS.replace("item,q7,,Madde 7\n", ""), encoding="utf-8")
    refused(take(form, study), "1 of the 12 items of scs_sf are missing: q7", "nothing was written")
    assert not (study / "instruments").exists()


def test_a_wording_that_is_there_is_replaced_only_on_request(form: Path, study: Path) -> None:
    assert take(form, study).exit_code == 0
    form.write_text(FORM + ITEMS.replace("Madde 1\n", "Yeni 1\n"), encoding="utf-8")
    before = (study / TARGET).read_bytes()
    refused(take(form, study), "is there already", "--replace")
    assert (study / TARGET).read_bytes() == before
    form.write_text(FORM, encoding="utf-8")
    refused(take(form, study, "--replace"), "12 of the 12 items")
    assert (study / TARGET).read_bytes() == before
    form.write_text(FORM + ITEMS.replace("Madde 1\n", "Yeni 1\n"), encoding="utf-8")
    assert take(form, study, "--replace").exit_code == 0
    assert "Yeni 1" in (study / TARGET).read_text(encoding="utf-8")
    assert [path.name for path in (study / TARGET).parent.iterdir()] == [TARGET.name]


def test_a_disk_that_fails_leaves_nothing_half_written(
    form: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command.Path, "replace", full)
    refused(take(form, study), "cannot be written: No space left on device")
    assert list((study / TARGET).parent.iterdir()) == []


@pytest.mark.parametrize("folder", ["", "instruments", "msc_burnout_rct"])
def test_licensed_text_never_comes_into_longwaves_own_folders(form: Path, folder: str) -> None:
    ours = resources.protocols_directory() / folder
    before = sorted(ours.rglob("*"))
    refused(take(form, ours), "belongs to Longwave", "Copy the study")
    assert sorted(ours.rglob("*")) == before


def test_a_link_into_longwaves_own_folders_is_seen_through(form: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(resources.protocols_directory() / "msc_burnout_rct")
    refused(take(form, link), "belongs to Longwave")


def test_an_instrument_of_the_studys_own_comes_first(form: Path, study: Path) -> None:
    own = study / "instruments"
    own.mkdir()
    text = (resources.library_directory() / "scs_sf.yaml").read_text(encoding="utf-8")
    (own / "scs_sf.yaml").write_text(text.replace("maximum: 5", "maximum: 4"), encoding="utf-8")
    refused(take(form, study), "has 5 answers; the instrument has 4")


def test_an_xlsform_saved_sheet_by_sheet_is_a_folder(tmp_path: Path, study: Path) -> None:
    sheets = tmp_path / "form"
    sheets.mkdir()
    rows = "".join(f"select_one a,scs_{number},Item {number}\n" for number in range(1, 13))
    (sheets / "survey.csv").write_text("type,name,label\nnote,n,How often?\n" + rows, "utf-8")
    choices = "".join(f"a,{value},Label {value}\n" for value in range(1, 6))
    (sheets / "choices.csv").write_text("list_name,name,label\n" + choices, "utf-8")
    (sheets / "settings.csv").write_text("form_title\nAbout you\n", "utf-8")
    assert take(sheets, study, language="en").exit_code == 0
    one = read_protocol(resources.protocol_files(study)).instruments["scs_sf"]
    assert one.title["en"] == "About you"
    assert one.items[0].options[4].label["en"] == "Label 5"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--instrument", "scs_fs"), ("no instrument 'scs_fs'", "Did you mean")),
        (("--instrument", "proqol_12"), ("no structure", "of your own")),
        (("--language", "Turkish"), ("'Turkish' is not a language code",)),
        (("--format", "xlsx"), ("'xlsx' is not a format", "csv, xlsform, redcap")),
        (("--out", "nowhere"), ("There is no folder nowhere",)),
    ],
)
def test_options_that_cannot_be_are_refused(
    form: Path, study: Path, words: tuple[str, str], expected: tuple[str, ...]
) -> None:
    refused(take(form, study, *words), *expected)


def test_files_that_cannot_be_read_are_refused(
    tmp_path: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(take(tmp_path / "no.csv", study), "There is no file", "Correct its name")
    empty = tmp_path / "folder"
    empty.mkdir()
    refused(take(empty, study), "holds no sheet of an XLSForm", "survey.csv")
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"PK\x03\x04" + os.urandom(40))
    refused(take(book, study), "workbook", "Save each sheet as CSV (UTF-8)")
    monkeypatch.setattr(resources, "MAXIMUM_FILE_BYTES", 10)
    big = tmp_path / "big.csv"
    big.write_text("a" * 11, encoding="utf-8")
    refused(take(big, study), "is larger than")


def test_show_and_check_say_which_instruments_need_a_permission_on_record():
    assert "to be recorded in a live study's protocol, under permissions.mbi_hss\n" in (
        run("show", "mbi_hss").output
    )
    assert "permissions.who_5, or why none is needed" in run("show", "who_5").output
    assert "none has to be recorded" in run("show", "cbi").output
    lines = run("check", resources.library_directory()).output.splitlines()
    asking = {line.split(",")[0] for line in lines if "a live study records a permission" in line}
    assert asking == {name for name, one in library().items() if not one.is_free}
