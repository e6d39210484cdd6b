"""The files of an export: the same in every format, the same bytes, nothing that tells an arm."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from factories.study import VERSION, blind, make_dataset, make_instrument, make_protocol

from longwave.domain.dataset import TrailHead
from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Option
from longwave.domain.missingness import EXPLANATIONS
from longwave.export import write_export
from longwave.export.frames import Frames
from longwave.export.schema import TABLES
from longwave.export.writers import Sheet, write_csv

ALL = ("csv", "parquet", "sav", "dta")
PROTOCOL = make_protocol()
PROTOCOLS = {VERSION: PROTOCOL}
DATASET = make_dataset(PROTOCOL, n=25)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "data"
    write_export(DATASET, PROTOCOLS, folder, formats=ALL, reason="a test")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def plain(frame):
    """Return texts (None where absent or empty) and floats, to compare what formats give back."""
    columns = {}
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            columns[name] = frame[name].astype("float64").to_numpy()
        else:
            texts = frame[name].astype(object)
            absent = texts.isna() | (texts == "")
            columns[name] = np.where(absent, None, texts)
    return pd.DataFrame(columns)


READERS = {
    "csv": lambda path: pd.read_csv(path, dtype={"instrument_version": str}),
    "parquet": pd.read_parquet,
    "sav": lambda path: pyreadstat.read_sav(path)[0],
    "dta": lambda path: pyreadstat.read_dta(path)[0],
}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("name", TABLES)
def test_every_format_gives_the_same_table_back(export, kind, name):
    expected = plain(Frames(DATASET, PROTOCOLS).table(TABLES[name]))
    found = plain(READERS[kind](export / f"{name}.{kind}"))
    for column in expected:  # a column that is wholly empty has no type in CSV
        if expected[column].isna().all():
            found[column] = expected[column]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_pandas_reads_the_stata_files_too(export):
    panel = pd.read_stata(export / "panel.dta")
    assert list(panel["participant_id"]) == [who.public_id for who in DATASET.participants]


def test_the_same_rows_give_the_same_bytes_in_every_format(export, tmp_path):
    again = tmp_path / "again"
    write_export(DATASET, PROTOCOLS, again, formats=ALL, reason="a test")
    assert contents(again) == contents(export)


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_files_that_embed_a_time_embed_the_cut_off(export, kind):
    read = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}[kind]
    _, meta = read(export / f"panel.{kind}", metadataonly=True)
    precision = {"second": 0} if kind == "dta" else {}
    cut_off = DATASET.cut_off.replace(microsecond=0, **precision)
    assert meta.creation_time == cut_off.replace(tzinfo=None)


def test_columns_and_codes_are_labelled_for_spss_and_stata(export):
    _, sav = pyreadstat.read_sav(export / "assessments.sav")
    _, dta = pyreadstat.read_dta(export / "assessments.dta")
    for meta in (sav, dta):
        assert all(meta.column_labels)
        assert meta.variable_value_labels["in_window"] == {0: "no", 1: "yes"}
    assert sav.variable_value_labels["missing_reason"]["lost"] == EXPLANATIONS["lost"]


# --- blinding ----------------------------------------------------------------------------------


def test_a_blinded_export_is_the_same_whoever_is_in_which_arm(tmp_path):
    other_arm = {"active": "waitlist", "waitlist": "active", None: None}
    swapped = tuple(
        replace(
            who,
            arm=other_arm[who.arm],
            crossover_at=None if who.crossover_at else DATASET.cut_off,
        )
        for who in DATASET.participants
    )
    write_export(blind(DATASET), PROTOCOLS, tmp_path / "one", formats=ALL)
    write_export(
        blind(replace(DATASET, participants=swapped)), PROTOCOLS, tmp_path / "two", formats=ALL
    )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_blinded_export_names_no_arm(tmp_path):
    write_export(blind(DATASET), PROTOCOLS, tmp_path / "data", formats=ALL)
    for name, content in contents(tmp_path / "data").items():
        assert "waitlist" not in name
        for told in (b"waitlist", b"Waiting", b"crossover", b"Programme"):
            assert told not in content, name


def test_blinded_tables_never_show_an_arm_that_the_dataset_still_holds(tmp_path):
    careless = replace(DATASET, blinded=True)
    write_export(careless, PROTOCOLS, tmp_path / "data", formats=ALL)
    assert b"waitlist" not in b"".join(contents(tmp_path / "data").values())


# --- papers ------------------------------------------------------------------------------------


def test_the_manifest_vouches_for_every_other_file(export):
    manifest = json.loads((export / "manifest.json").read_text())
    assert set(manifest["files"]) == {path.name for path in export.iterdir()} - {"manifest.json"}
    for name, known in manifest["files"].items():
        content = (export / name).read_bytes()
        assert known == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert manifest["rows"] == {
        name: len(Frames(DATASET, PROTOCOLS).table(table)) for name, table in TABLES.items()
    }
    assert datetime.fromisoformat(manifest["cut_off"]) == DATASET.cut_off
    assert manifest["protocol_hash"] == PROTOCOL.hash
    assert manifest["left_out"] == {"screened": 1, "ineligible": 2}
    assert (manifest["blinded"], manifest["trail"]) == (False, None)


def test_the_manifest_holds_the_head_of_the_trail(tmp_path):
    sealed = replace(DATASET, trail=TrailHead(3, 120, "ef" * 32))
    manifest = write_export(sealed, PROTOCOLS, tmp_path / "data")
    assert manifest.trail == {"number": 3, "last_event": 120, "head": "ef" * 32}


def test_the_data_package_lists_the_csv_files_with_their_columns(export):
    package = json.loads((export / "datapackage.json").read_text())
    assert [found["path"] for found in package["resources"]] == [f"{name}.csv" for name in TABLES]
    for found in package["resources"]:
        content = (export / found["path"]).read_bytes()
        assert found["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        with (export / found["path"]).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        fields = found["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        key = [header.index(name) for name in found["schema"]["primaryKey"]]
        assert len({tuple(row[place] for place in key) for row in rows}) == len(rows)
        for place, field in enumerate(fields):
            allowed = {str(code) for code in field.get("constraints", {}).get("enum", [])}
            if allowed:
                assert {row[place] for row in rows} <= allowed | {""}


def test_the_codebook_describes_every_column_item_and_scale(export):
    book = pd.read_csv(export / "codebook.csv", keep_default_na=False)
    told = set(zip(book["table"], book["column"], strict=True))
    for name in TABLES:
        header = pd.read_csv(export / f"{name}.csv", nrows=0).columns
        assert {(name, column) for column in header} <= told
    panel = book[(book["table"] == "panel") & (book["scale"] != "")].set_index("column")
    assert panel.loc["calm_total__w1", "formula"] == (
        "mean(i1, i2, (6 - i3), i4); needs 4 of its 4 items"
    )
    assert panel.loc["calm_second__w0", "formula"].startswith("sum((6 - i3), i4)")
    assert panel.loc["calm_parts__w0", "formula"] == "mean(first, second); needs every part"
    items = book[(book["table"] == "answers") & (book["item"] != "")]
    assert len(items) == 8
    assert (items["values_tr"].str.count("=") == 5).all()
    assert set(items["placeholder_tr"]) == {"placeholder wording"}
    assert set(items["placeholder_en"]) == {""}


def test_the_codebook_for_machines_holds_the_same_and_every_reason(export):
    book = json.loads((export / "codebook.json").read_text())
    assert [table["name"] for table in book["tables"]] == list(TABLES)
    reasons = {code for level in book["missing_reasons"].values() for code in level}
    assert reasons == set(EXPLANATIONS)
    assert book["instruments"][0]["placeholder_wording"] == ["tr"]


def test_an_export_of_a_trial_run_says_so_everywhere(export):
    for name in ("manifest.json", "codebook.json", "datapackage.json"):
        assert json.loads((export / name).read_text())["watermark"].startswith("TRIAL RUN")
    book = pd.read_csv(export / "codebook.csv")
    assert book["watermark"].str.startswith("TRIAL RUN").all()


def test_an_export_of_a_live_study_bears_no_watermark(tmp_path):
    live = make_dataset(PROTOCOL, n=3, trial_run=False)
    manifest = write_export(live, PROTOCOLS, tmp_path / "data")
    assert (manifest.trial_run, manifest.watermark) == (False, None)
    for name, content in contents(tmp_path / "data").items():
        assert b"TRIAL RUN" not in content, name


# --- choices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layouts", "names"),
    [
        (
            ["long"],
            {"participants", "assessments", "answers", "scores", "doses", "co_interventions"},
        ),
        (["wide"], {"participants", "assessments", "panel", "doses", "co_interventions"}),
    ],
)
def test_a_layout_writes_its_tables_only(tmp_path, layouts, names):
    manifest = write_export(DATASET, PROTOCOLS, tmp_path / "data", layouts=layouts)
    assert set(manifest.rows) == names
    written = {path.stem for path in (tmp_path / "data").glob("*.csv")} - {"codebook"}
    assert written == names


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"formats": ["csv", "xlsx"]}, "Not a format: xlsx.*csv, parquet, sav, dta"),
        ({"formats": ["psych-ds"]}, "does not write Psych-DS"),
        ({"layouts": ["tall"]}, "Not a layout: tall.*long, wide"),
        ({"layouts": []}, "Not a layout: none given"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_is_written(tmp_path, how, message):
    with pytest.raises(InvalidInputError, match=message):
        write_export(DATASET, PROTOCOLS, tmp_path / "data", **how)
    assert not list(tmp_path.iterdir())


# --- CSV and spreadsheets ----------------------------------------------------------------------


def sheet(values, name="notes"):
    return Sheet(name, pd.DataFrame({"text": values, "n": [-1.5] * len(values)}), {}, {})


def test_cells_that_a_spreadsheet_would_run_get_a_safe_copy_beside_the_plain_file(tmp_path):
    texts = ["=1+1", "-3", "@home", 'say "hi", then\nleave', None]
    files = write_csv(sheet(texts), tmp_path, DATASET.cut_off)
    assert [path.name for path in files] == ["notes.csv", "notes.spreadsheet.csv"]
    back = pd.read_csv(files[0])
    assert list(back["text"].astype(object).where(back["text"].notna(), None)) == texts
    safe = pd.read_csv(files[1])
    assert list(safe["text"][:4]) == ["'=1+1", "-3", "'@home", texts[3]]
    assert list(safe["n"]) == [-1.5] * 5


def test_harmless_tables_get_no_copy(tmp_path):
    assert len(write_csv(sheet(["a", "-3", None]), tmp_path, DATASET.cut_off)) == 1


def test_wording_that_begins_like_a_formula_is_defused_beside_the_codebook(tmp_path):
    instrument = make_instrument("calm")
    first = instrument.items[0]
    option = Option("1", {"en": "never"})
    item = replace(first, text={"en": "=HYPERLINK()", "tr": "-"}, options=(option,))
    protocol = make_protocol(instruments=[replace(instrument, items=(item, *instrument.items[1:]))])
    manifest = write_export(make_dataset(protocol), {VERSION: protocol}, tmp_path / "data")
    assert "codebook.spreadsheet.csv" in manifest.files
    safe = pd.read_csv(tmp_path / "data" / "codebook.spreadsheet.csv")
    assert "'=HYPERLINK()" in set(safe["label_en"])


def test_a_study_without_participants_can_be_exported_in_every_format(tmp_path):
    manifest = write_export(make_dataset(PROTOCOL, n=0), PROTOCOLS, tmp_path / "data", formats=ALL)
    assert set(manifest.rows.values()) == {0}
    assert "strain_total__w2" in pd.read_csv(tmp_path / "data" / "panel.csv").columns
