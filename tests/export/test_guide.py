"""The analysts' guide describes every table, column, reason and field, and none that is not."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from factories.study import VERSION, make_dataset, make_protocol

from longwave.domain.missingness import EXPLANATIONS
from longwave.export import Manifest, write_export
from longwave.export.schema import TABLES
from longwave.export.writers import WRITERS

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def section(title):
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/export.md has no section {title!r}"
    return found[1]


def rows(title):
    """Return the cells of every line of a section's tables."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described_in_order_with_its_type(name):
    told = [(cells[0].strip("`"), cells[1]) for cells in rows(name)]
    known = [(column.name, column.type) for column in TABLES[name].columns]
    if name == "answers":
        known = [(column, "see right" if column == "value" else kind) for column, kind in known]
    assert told == known


@pytest.mark.parametrize("name", TABLES)
def test_columns_that_tell_the_arm_are_marked(name):
    marked = {cells[0].strip("`") for cells in rows(name) if "*Unblinded.*" in cells[2]}
    assert marked == {column.name for column in TABLES[name].columns if column.tells_arm}


def test_every_code_of_a_column_is_named():
    for table in TABLES.values():
        told = {cells[0].strip("`"): cells[2] for cells in rows(table.name)}
        for column in table.columns:
            if column.values and column.name != "missing_reason":
                lacking = [code for code in column.values if code not in told[column.name]]
                assert not lacking, (table.name, column.name, lacking)


def test_every_reason_is_explained():
    told = [cells[0].strip("`") for cells in rows("Why a value is absent")]
    assert sorted(told) == sorted(map(str, EXPLANATIONS))


def test_every_field_of_the_manifest_is_explained():
    told = {name for cells in rows("manifest") for name in re.findall(r"`(\w+)`", cells[0])}
    assert told == {field.name for field in fields(Manifest)}


def test_every_format_is_named():
    assert all(name in GUIDE for name in WRITERS)


def test_every_column_of_the_codebook_is_described(tmp_path):
    protocol = make_protocol()
    write_export(make_dataset(protocol), {VERSION: protocol}, tmp_path / "data")
    columns = pd.read_csv(tmp_path / "data" / "codebook.csv", nrows=0).columns
    told = {name for cells in rows("codebook") for name in re.findall(r"`([\w.]+)`", cells[0])}
    families = {name.removesuffix("...") for name in told if name.endswith("...")}
    for column in columns:
        assert column in told or any(column.startswith(family) for family in families), column
