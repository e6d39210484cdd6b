"""The command line: readable results, and one clear message for every bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from crosslag.cli import main

VARIABLES = ("--variable", "x=x1,x2,x3,x4", "--variable", "y=y1,y2,y3,y4")


def crosslag(*arguments):
    command = [sys.executable, "-m", "crosslag.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
    "both": (["data.csv", *VARIABLES, "--syntax", "bad.lav"], "leave --variable"),
    "bad syntax": (["data.csv", "--syntax", "bad.lav"], "Line 2, column 1 of the model"),
    "no syntax": (["data.csv", "--syntax", "nowhere.lav"], "nowhere.lav can't be read"),
    "binary syntax": (["data.csv", "--syntax", "binary.csv"], "no text in UTF-8"),
    "unknown auto": (["data.csv", "--syntax", "bad.lav", "--auto", "all"], "--auto all"),
    "no such file": (["nowhere.csv", *VARIABLES], "does not exist"),
    "a folder": ([".", *VARIABLES], "is a folder"),
    "empty file": (["empty.csv", *VARIABLES], "can't be read as a CSV file"),
    "no rows": (["header.csv", *VARIABLES], "no rows"),
    "binary": (["binary.csv", *VARIABLES], "can't be read as a CSV file"),
    "ragged": (["ragged.csv", *VARIABLES], "can't be read as a CSV file"),
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
def test_bad_input_gives_one_message_and_exit_code_1(csv, case, monkeypatch, capsys):
    arguments, message = BAD[case]
    placed = [str(csv.parent / a) if a.endswith((".csv", ".lav")) else a for a in arguments]
    monkeypatch.setattr(sys, "argv", ["crosslag", "fit", *placed])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_a_bad_file_leaves_no_traceback():
    done = crosslag("fit", "nowhere.csv", *VARIABLES)
    assert done.returncode == 1
    assert done.stderr == "crosslag: nowhere.csv does not exist; give the path of a CSV file.\n"
