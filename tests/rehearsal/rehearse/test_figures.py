"""Figures: SVG that can be read, with what the report says, and the same each time."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from factories.rehearsing import rehearsed

from longwave.rehearsal.rehearse import Report, figures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def report() -> Report:
    return rehearsed(participants=10)


def texts(picture: str) -> set[str]:
    return {text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text")}


def test_each_figure_names_what_it_shows(report: Report) -> None:
    drawn = figures(report)
    assert set(drawn) == {"messages.svg", "windows.svg", "missingness.svg"}
    for picture in drawn.values():
        root = ElementTree.fromstring(picture)
        assert root.get("role") == "img"
        assert (root.get("aria-label") or "").startswith("small-trial: ")
    assert {"consent copy", "invitation"} <= texts(drawn["messages.svg"])
    assert {"arm active", "arm waitlist", "w0", "w1"} <= texts(drawn["windows.svg"])
    assert {"w1 active", "w1 waitlist"} <= texts(drawn["missingness.svg"])


def test_the_same_report_gives_the_same_figures(report: Report) -> None:
    assert figures(report) == figures(report)
