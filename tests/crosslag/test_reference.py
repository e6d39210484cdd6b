"""The reference: complete, and what the generator writes now."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from functools import cached_property
from pathlib import Path

import pytest

import crosslag as cl
from crosslag.indices import index_names

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "crosslag"
spec = importlib.util.spec_from_file_location("make_reference", FOLDER / "make_reference.py")
assert spec is not None
assert spec.loader is not None
reference = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = reference
spec.loader.exec_module(reference)

THINGS = {reference._name(t): t for things in reference.CHAPTERS.values() for t in things}
CLASSES = {name: thing for name, thing in THINGS.items() if inspect.isclass(thing)}


def functions():
    """Every public function and method, by the name that a user calls it."""
    for name, thing in THINGS.items():
        if not inspect.isclass(thing):
            yield name, thing
            continue
        for member_name, member in reference.public_members(thing):
            if not isinstance(member, property | cached_property):
                yield f"{name}.{member_name}", getattr(member, "__func__", member)


FUNCTIONS = dict(functions())


def test_the_page_is_what_the_generator_writes_now():
    assert (FOLDER / "reference.md").read_text(encoding="utf-8") == reference.page(), (
        "run `make docs`"
    )


def test_every_public_name_is_described():
    assert set(cl.__all__) <= set(THINGS)
    page = reference.page()
    for name, thing in THINGS.items():
        assert f"\n### {reference.heading(thing)}\n" in page, name


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_parameter_result_and_error_is_described(name):
    function = FUNCTIONS[name]
    doc = reference.Docstring.of(function)
    signature = inspect.signature(function)
    taken = {p for p in signature.parameters if p not in ("self", "cls")}
    assert doc.text, "no docstring"
    assert doc.described("Parameters") == taken
    if signature.return_annotation not in ("None", "str", "int"):
        assert doc.entries("Returns"), "what is given back is not described"
    for section in ("Parameters", "Returns", "Raises"):
        assert all(text for _, text in doc.entries(section)), section


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_attribute_is_described(name):
    cls = CLASSES[name]
    doc = reference.Docstring.of(cls)
    assert doc.text
    assert set(reference.public_fields(cls)) <= doc.described("Attributes")
    for member_name, member in reference.public_members(cls):
        assert inspect.getdoc(member), member_name


def test_every_fit_measure_is_named():
    described = dict(reference.Docstring.of(cl.Fit).entries("Attributes"))["indices"]
    missing = set(index_names(scaled=True, robust=True)).difference(re.findall(r"\w+", described))
    assert not missing


def test_links_within_the_page_lead_somewhere():
    page = reference.page()
    anchors = {reference.anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert len(links) > 50
    assert set(links) <= anchors


def test_no_mark_of_a_docstring_is_left_over():
    page = reference.page()
    assert "``" not in page.replace("```", "")
    assert not re.search(r":(func|class|meth):", page)
    assert not re.search(r"(?<![/\w\[])doi:10", page)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("``a*b`` and :func:`riclpm`", "`a*b` and [`riclpm`](#riclpm)"),
        (":class:`crosslag.Panel`", "[`Panel`](#class-panel)"),
        ("(doi:10.1/ab.c).", "(doi:10.1/ab.c)."),  # no DOI has so short a prefix
        ("(doi:10.1037/a0038889).", "([doi:10.1037/a0038889](https://doi.org/10.1037/a0038889))."),
    ],
)
def test_marks_of_docstrings_become_markdown(text, shown):
    assert reference._inline(text) == shown
