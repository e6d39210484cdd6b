"""The guide's examples run, and print what the guide says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "crosslag"
BLOCK = re.compile(r"```(python|text)\n(.*?)```", flags=re.DOTALL)
NUMBER = re.compile(r"-?\d+\.\d+|-?\d+")


def same(printed: str, stated: str) -> bool:
    """Compare word by word, numbers to a few units in the last place."""
    ours, theirs = printed.split(), stated.split()
    if len(ours) != len(theirs):
        return False
    for a, b in zip(ours, theirs, strict=True):
        if NUMBER.sub("#", a) != NUMBER.sub("#", b):
            return False
        for x, y in zip(NUMBER.findall(a), NUMBER.findall(b), strict=True):
            decimals = len(y.partition(".")[2])
            if abs(float(x) - float(y)) > (3 * 10**-decimals if decimals else 0):
                return False
    return True


def test_every_example_prints_what_the_guide_says(capsys):
    text = (FOLDER / "guide.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "guide"}
    printed, checked = "", 0
    for kind, content in BLOCK.findall(text):
        if kind == "python":
            assert not printed.strip(), f"the guide leaves out what is printed: {printed}"
            exec(compile(content, "guide.md", "exec"), names)
            printed = capsys.readouterr().out
        else:
            assert same(printed, content), f"printed:\n{printed}\nthe guide says:\n{content}"
            printed, checked = "", checked + 1
    assert not printed.strip()
    assert checked >= 5
    svg = names["fits"]["RI-CLPM"].plot().svg
    assert same(re.sub(r"[<>\"=]", " ", svg), re.sub(r"[<>\"=]", " ", picture()))


def picture() -> str:
    return (FOLDER / "riclpm.svg").read_text(encoding="utf-8")


def test_the_guide_says_that_ordinal_items_are_taken_as_continuous():
    text = (FOLDER / "guide.md").read_text(encoding="utf-8")
    assert "Ordinal items are treated as continuous" in text


@pytest.mark.parametrize(
    ("printed", "stated", "agrees"),
    [
        ("x 1.002", "x 1.000", True),
        ("x 1.02", "x 1.00", True),
        ("x 1.2", "x 1.9", False),
        ("df 9", "df 8", False),
        ("y 1.0", "x 1.0", False),
        ("x", "x 1", False),
    ],
)
def test_comparison_tells_differences(printed, stated, agrees):
    assert same(printed, stated) is agrees
