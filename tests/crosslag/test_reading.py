"""Tables from files: what is read, and what is said of files that are no tables."""

from __future__ import annotations

import gzip
import zipfile

import pandas as pd
import pytest

import crosslag as cl
from crosslag.reading import read_table

PLAIN = "id,x1,x2,arm\n1,0.5,-2,a\n2,,3e2,b\n"
EXPECTED = pd.DataFrame({"id": [1, 2], "x1": [0.5, None], "x2": [-2.0, 300.0], "arm": ["a", "b"]})


def read(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (PLAIN, None),
        (PLAIN.replace("\n", "\r\n"), None),
        (PLAIN.replace("\n", "\n\n"), None),
        (PLAIN.replace(",", " , "), None),
        ("\ufeff" + PLAIN, None),
        (gzip.compress(PLAIN.encode(), mtime=0), None),
        (PLAIN.replace("2,,", "2,NA,"), None),
        (PLAIN.replace("2,,", "2,.,"), None),
        (PLAIN.replace("a\n", '"a"\n'), None),
        (PLAIN.replace(",", ";"), "separated by semicolons."),
        (PLAIN.replace(",", "\t"), "separated by tabs."),
        (PLAIN.replace(",", "|"), "separated by bars."),
        (PLAIN.replace(",", ";").replace(".", ","), "numbers have a decimal comma."),
    ],
)
def test_the_same_table_is_read_however_it_is_written(tmp_path, content, note):
    frame, notes = read(tmp_path, content)
    pd.testing.assert_frame_equal(frame, EXPECTED, check_dtype=False)
    assert len(notes) == (note is not None)
    assert note is None or notes[0].endswith(note)


def test_commas_in_texts_are_no_decimals(tmp_path):
    frame, notes = read(tmp_path, "x;said\n1.5;yes, 3\n2.5;4,5\n")
    assert frame["x"].tolist() == [1.5, 2.5]
    assert frame["said"].tolist() == ["yes, 3", "4,5"]
    assert "decimal" not in notes[0]


def test_a_name_that_stands_twice_is_found_when_it_is_used(tmp_path):
    frame, _ = read(tmp_path, "x1,x1,x2\n1,2,3\n4,6,5\n")
    with pytest.raises(cl.DataError, match="'x1' stands in the data more than once"):
        cl.fit("x2 ~ x1", frame)


def spreadsheet(tmp_path):
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    return (tmp_path / "book.xlsx").read_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (spreadsheet, "is a spreadsheet .* save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0 and more", "is an old spreadsheet"),
        (b"PAR1 and more", "is a Parquet file"),
        (b"$FL2@(#) SPSS DATA FILE", "is an SPSS file"),
        (b"<stata_dta><header>", "is a Stata file"),
        (b"<!DOCTYPE html><html>", "is a web page or XML"),
        (b"%PDF-1.7", "is a PDF"),
        (PLAIN.encode("utf-16"), "is text in UTF-16"),
        ("id,gr\u00f6\u00dfe\n1,2\n".encode("latin-1"), r"is not text in UTF-8 \(line 1\)"),
        (b"x1,x2\n1,2\n3,\x004\n", "line 3 has a zero byte"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:20], "is compressed, but damaged"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"x1,x2\n", "a header but no rows"),
        (b"hello", "a header but no rows"),
        (b"1.5,2.5,a\n3,4,b\n", "begins with numbers; its first line must name the columns"),
        (b"x1,x2\n1,2\n3\n", r"line 3: 1 field\(s\), but the header names 2"),
        (b"x1,x2\n1,2,\n3,4,\n", r"line 2: 3 field\(s\), but the header names 2"),
        (b'x1,x2\n1,"2\n3,4\n', "line 3: .* opened and not closed"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, complaint):
    with pytest.raises(cl.DataError, match=complaint):
        read(tmp_path, content(tmp_path) if callable(content) else content)


def test_a_path_without_a_file_is_named(tmp_path):
    with pytest.raises(cl.DataError, match="does not exist"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(cl.DataError, match="is a folder"):
        read_table(tmp_path)
