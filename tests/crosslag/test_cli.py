"""The command line: readable results, and one clear message for every bad input."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from crosslag.cli import main

VARIABLES = ("--variable", "x=x1,x2,x3,x4", "--variable", "y=y1,y2,y3,y4")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def crosslag(*arguments):
    """Run the command in this process, which spares seconds of importing."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["crosslag", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def csv(gappy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    data = gappy.assign(arm=["a", "b"] * (len(gappy) // 2), note="text")
    data.to_csv(folder / "data.csv", index=False)
    (folder / "empty.csv").touch()
    (folder / "header.csv").write_text("x1,x2,x3\n")
    (folder / "binary.csv").write_bytes(bytes(range(128, 256)) * 9)
    (folder / "ragged.csv").write_text("x1,x2,x3\n1,2,3\n1,2,3,4,5\n")
    (folder / "bad.lav").write_text("y2 ~ y1\ny3 y2\n")
    return folder / "data.csv"


def test_a_fit_is_printed_with_lagged_effects_first(csv):
    done = crosslag("fit", csv, *VARIABLES, "--missing", "fiml", "--estimator", "MLR")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "wx2 ~ wy1" in done.stdout
    assert done.stdout.index("Lagged effects") < done.stdout.index("Variances")


def test_results_are_written(csv, tmp_path):
    done = crosslag("fit", csv, *VARIABLES, "--group", "arm", "--out", tmp_path / "a" / "b")
    assert done.returncode == 0, done.stderr
    estimates = pd.read_csv(tmp_path / "a" / "b" / "estimates.csv")
    assert set(estimates["group"]) == {"a", "b"}
    written = json.loads((tmp_path / "a" / "b" / "indices.json").read_text())
    assert written["converged"] is True
    assert written["indices"]["df"] == 18
    assert "Lagged effects" in (tmp_path / "a" / "b" / "summary.txt").read_text()


def test_a_model_is_read_from_a_file_and_written_back(csv, tmp_path):
    syntax = csv.parent / "model.lav"
    syntax.write_text("x2 ~ a*x1 + y1\ny2 ~ x1 + b*y1\nboth := a*b\n")
    done = crosslag("fit", csv, "--syntax", syntax, "--missing", "fiml", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Defined parameters" in done.stdout
    written = (tmp_path / "model.lav").read_text()
    assert "both := a*b" in written
    again = crosslag(
        "fit", csv, "--syntax", tmp_path / "model.lav", "--auto", "none", "--missing", "fiml"
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.split("Fit\n")[0] == done.stdout.split("Fit\n")[0]


@pytest.mark.parametrize("model", ["clpm", "clpm_lag2", "riclpm", "lcm_sr", "dpm"])
def test_every_model_can_be_asked_for(csv, model):
    assert crosslag("fit", csv, "--model", model, *VARIABLES).returncode == 0


BAD = {
    "no variable": (["data.csv"], "every --variable"),
    "both": (["data.csv", *VARIABLES, "--syntax", "bad.lav"], "--variable, --equal out"),
    "bad syntax": (["data.csv", "--syntax", "bad.lav"], "Line 2, column 1 of the model"),
    "no syntax": (["data.csv", "--syntax", "nowhere.lav"], "nowhere.lav can't be read"),
    "binary syntax": (["data.csv", "--syntax", "binary.csv"], "no text in UTF-8"),
    "unknown auto": (["data.csv", "--syntax", "bad.lav", "--auto", "all"], "--auto all"),
    "no such file": (["nowhere.csv", *VARIABLES], "does not exist"),
    "a folder": ([".", *VARIABLES], "is a folder"),
    "empty file": (["empty.csv", *VARIABLES], "is empty"),
    "no rows": (["header.csv", *VARIABLES], "no rows"),
    "binary": (["binary.csv", *VARIABLES], "is not text in UTF-8 (line 1)"),
    "ragged": (["ragged.csv", *VARIABLES], "line 3: 5 field(s), but the header names 3"),
    "column in capitals": (["data.csv", "--variable", "x=X1,x2,x3"], "did you mean 'x1'"),
    "blanks in a variable": (["data.csv", "--variable", "x=x1 x2 x3"], "columns by commas"),
    "model and syntax": (["data.csv", "--model", "clpm", "--syntax", "bad.lav"], "leave --model"),
    "no argument": ([], "Missing argument"),
    "two files": (["data.csv", "header.csv", *VARIABLES], "unexpected extra argument"),
    "group is a variable": (["data.csv", *VARIABLES, "--group", "x1"], "both the group and"),
    "out in a file": (["data.csv", *VARIABLES, "--out", "data.csv/out.csv"], "Can't write"),
    "out in no file system": (["data.csv", *VARIABLES, "--out", "/proc/absent"], "Can't write"),
    "unknown column": (["data.csv", "--variable", "x=x1,x2,x9"], "No column 'x9'"),
    "text": (["data.csv", "--variable", "x=x1,x2,note"], "'note' must be numeric"),
    "two waves": (["data.csv", "--variable", "x=x1,x2"], "at least 3 waves"),
    "unequal": (["data.csv", *VARIABLES, "--variable", "z=x1,x2,x3"], "same number of waves"),
    "twice": (["data.csv", *VARIABLES, "--variable", "x=x1,x2,x3"], "given twice"),
    "no columns": (["data.csv", "--variable", "x"], "NAME=COLUMN"),
    "empty column": (["data.csv", "--variable", "x=x1,,x3"], "empty name"),
    "model": (["data.csv", "--model", "magic", *VARIABLES], "choose one of clpm"),
    "estimator": (["data.csv", "--estimator", "WLS", *VARIABLES], "choose one of ML"),
    "missing": (["data.csv", "--missing", "mean", *VARIABLES], "choose one of listwise"),
    "equal": (["data.csv", "--equal", "all", *VARIABLES], "unknown here"),
    "group": (["data.csv", "--group", "site", *VARIABLES], "No column 'site'"),
    "wrong option": (["data.csv", "--sparkle", *VARIABLES], "--sparkle"),
    "out is a file": (["data.csv", *VARIABLES, "--out", "data.csv"], "Can't write"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_input_gives_one_message_and_exit_code_1(csv, case):
    arguments, message = BAD[case]
    placed = [csv.parent / a if a.endswith((".csv", ".lav")) else a for a in arguments]
    done = crosslag("fit", *placed)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_a_file_is_described_where_it_is_unusual(csv, tmp_path):
    path = tmp_path / "semicolons.csv"
    pd.read_csv(csv).to_csv(path, index=False, sep=";", decimal=",")
    plain = crosslag("fit", csv, *VARIABLES, "--missing", "fiml").stdout
    done = crosslag("fit", path, *VARIABLES, "--missing", "fiml")
    note = (
        "  - Columns of semicolons.csv are separated by semicolons; numbers have a decimal comma.\n"
    )
    assert done.stdout.replace(f"\nPlease note\n{note}", "") == plain


def test_a_group_of_one_value_is_noted(csv):
    done = crosslag("fit", csv, *VARIABLES, "--group", "note")
    assert done.returncode == 0
    assert "Column 'note' has one value, 'text': there is a single group." in done.stdout


def test_several_equalities_are_joined_by_commas(csv):
    one = crosslag("fit", csv, *VARIABLES, "--equal", "lags,residuals", "--model", "RI-CLPM")
    two = crosslag("fit", csv, *VARIABLES, "--equal", "lags", "--equal", "residuals")
    assert one.stdout == two.stdout
    assert "l_x_y" in one.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_named(csv):
    command = [sys.executable, "-m", "crosslag.cli", "fit", str(csv), *VARIABLES]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "crosslag: the output can't be written: No space left on device.\n"


def test_a_bad_file_leaves_no_traceback():
    command = [sys.executable, "-m", "crosslag.cli", "fit", "nowhere.csv", *VARIABLES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "crosslag: nowhere.csv does not exist; give the path of a CSV file.\n"
