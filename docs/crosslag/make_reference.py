"""Write reference.md, the API reference of crosslag, from signatures and docstrings.

Run it with ``make docs``; ``tests/crosslag/test_reference.py`` checks that the page is what it
writes.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import crosslag
from crosslag._types import Bool, Float, Int
from crosslag.bootstrap import Bootstrap
from crosslag.compare import Comparison
from crosslag.defined import WaldTest
from crosslag.model import ParameterRow, ParameterTable
from crosslag.plots import Picture
from crosslag.score import ScoreTests

PAGE = Path(__file__).with_name("reference.md")
# What a user calls, reads, or gets back; the last are not made by hand.
CHAPTERS: Mapping[str, tuple[object, ...]] = {
    "Fitting": (crosslag.fit, crosslag.random_intercept_test, crosslag.power),
    "Builders": (
        crosslag.clpm,
        crosslag.riclpm,
        crosslag.lcm_sr,
        crosslag.dpm,
        crosslag.starts,
        crosslag.longitudinal_cfa,
    ),
    "Models": (
        crosslag.parse,
        crosslag.Model,
        crosslag.Relation,
        crosslag.Definition,
        crosslag.Constraint,
    ),
    "Data": (crosslag.Panel, crosslag.PanelProcess, crosslag.stationary_innovation),
    "Results": (
        crosslag.Fit,
        Bootstrap,
        Comparison,
        WaldTest,
        ScoreTests,
        crosslag.RandomInterceptTest,
        crosslag.Power,
        Picture,
        ParameterTable,
        ParameterRow,
    ),
    "Errors": (
        crosslag.CrosslagError,
        crosslag.DataError,
        crosslag.ModelError,
        crosslag.ModelSyntaxError,
    ),
}
_MADE_BY_HAND = (crosslag.Relation, crosslag.Model, crosslag.PanelProcess)
_ARRAYS = (Float, Int, Bool)
_SECTION = re.compile(r"^(\w+)\n-{3,}\n", flags=re.MULTILINE)


@dataclass(frozen=True)
class Docstring:
    """A numpydoc docstring: its text, and its sections by title."""

    text: str
    sections: Mapping[str, str]

    @classmethod
    def of(cls, thing: object) -> Docstring:
        """Read that of a function, class or property."""
        parts = _SECTION.split(inspect.getdoc(thing) or "")
        titles, contents = parts[1::2], parts[2::2]
        return cls(parts[0].strip(), {t: c.strip() for t, c in zip(titles, contents, strict=True)})

    def entries(self, title: str) -> list[tuple[str, str]]:
        """List what a section describes: names as they stand, and the text below them."""
        found: list[tuple[str, str]] = []
        for line in self.sections.get(title, "").splitlines():
            if line.strip() and not line.startswith(" "):
                found.append((line.strip(), ""))
            elif found:
                name, text = found[-1]
                found[-1] = name, f"{text} {line.strip()}".strip()
        return found

    def described(self, title: str) -> set[str]:
        """Name what a section describes, one by one."""
        return {n.strip() for names, _ in self.entries(title) for n in names.split(",")}


def page() -> str:
    """Write the whole page."""
    lines = [
        "# crosslag: reference",
        "",
        "Everything public, as its docstrings say it (`make docs` writes this page). The"
        " [guide](guide.md) shows how it is used, and [syntax.md](syntax.md) how models are stated"
        " as text.",
        "",
    ]
    for title, things in CHAPTERS.items():
        links = ", ".join(f"[`{_name(t)}`](#{anchor(heading(t))})" for t in things)
        lines.append(f"- {title}: {links}")
    for title, things in CHAPTERS.items():
        lines += ["", f"## {title}"]
        for thing in things:
            lines += ["", f"### {heading(thing)}", "", *_described(thing)]
    return "\n".join(lines) + "\n"


def heading(thing: object) -> str:
    """Head the description of a class or function."""
    return f"class `{_name(thing)}`" if inspect.isclass(thing) else f"`{_name(thing)}()`"


def anchor(title: str) -> str:
    """Give the address of a heading, as the usual renderers make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def public_members(cls: type) -> Iterator[tuple[str, object]]:
    """List a class's public methods and properties, in the order of its source."""
    for name, member in vars(cls).items():
        kinds = (property, cached_property, classmethod, staticmethod)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds)):
            yield name, member


def public_fields(cls: type) -> list[str]:
    """Name a dataclass's public fields."""
    if not dataclasses.is_dataclass(cls):
        return []
    return [f.name for f in dataclasses.fields(cls) if not f.name.startswith("_")]


def _name(thing: object) -> str:
    return str(getattr(thing, "__name__"))  # noqa: B009


def _described(thing: object) -> Iterator[str]:
    if inspect.isclass(thing):
        yield from _class(thing)
    else:
        yield from _function(typing.cast("Callable[..., object]", thing), _name(thing))


def _class(cls: type) -> Iterator[str]:
    doc = Docstring.of(cls)
    if cls in _MADE_BY_HAND:
        yield from (*_signature(cls, cls.__name__), "")
    yield from _paragraphs(doc.text)
    bases = [base.__name__ for base in cls.__bases__ if base not in (object,)]
    if bases:
        yield from ("", f"A kind of `{bases[0]}`.")
    rows = [*_attributes(cls, doc), *_properties(cls)]
    if rows:
        yield from ("", "| attribute | type | |", "|---|---|---|", *rows)
    yield from _after(doc)
    for name, member in public_members(cls):
        if isinstance(member, property | cached_property):
            continue
        function = getattr(member, "__func__", member)
        yield from ("", f"#### `{cls.__name__}.{name}()`", "")
        yield from _function(
            typing.cast("Callable[..., object]", function), f"{cls.__name__}.{name}"
        )


def _attributes(cls: type, doc: Docstring) -> Iterator[str]:
    types = {
        f.name: _type(f.type, cls)
        for f in (dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ())
    }
    for names, text in doc.entries("Attributes"):
        each = [name.strip() for name in names.split(",")]
        kinds = dict.fromkeys(types.get(name, "int") for name in each)
        yield _row(", ".join(f"`{name}`" for name in each), ", ".join(kinds), text)


def _properties(cls: type) -> Iterator[str]:
    for name, member in public_members(cls):
        if isinstance(member, property | cached_property):
            function = member.fget if isinstance(member, property) else member.func
            assert function is not None
            kind = _type(inspect.signature(function).return_annotation, function)
            yield _row(f"`{name}`", kind, " ".join(Docstring.of(member).text.split()))


def _row(name: str, kind: str, text: str) -> str:
    return f"| {name} | {kind} | {_inline(text)} |".replace(" | | ", " | ")


def _function(function: Callable[..., object], name: str) -> Iterator[str]:
    doc = Docstring.of(function)
    yield from (*_signature(function, name), "")
    yield from _paragraphs(doc.text)
    if doc.entries("Parameters"):
        yield ""
        for names, text in doc.entries("Parameters"):
            yield f"- {', '.join(f'`{n.strip()}`' for n in names.split(','))}: {_inline(text)}"
    for kind, text in doc.entries("Returns"):
        yield from ("", f"**Returns** {_inline(f'`{kind}`: {text}')}")
    yield from _after(doc)


def _after(doc: Docstring) -> Iterator[str]:
    """Write what stands below parameters or attributes."""
    yield from _raises(doc)
    if "References" in doc.sections:
        yield from ("", f"**References** {_inline(' '.join(doc.sections['References'].split()))}")


def _raises(doc: Docstring) -> Iterator[str]:
    for kind, text in doc.entries("Raises"):
        yield from ("", f"**Raises** {_inline(f'`{kind}`: {text}')}")


def _signature(thing: Callable[..., object], name: str) -> list[str]:
    signature = inspect.signature(thing)
    parts = []
    keyword_only = False
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {_shown(parameter.default)}"
        parts.append(f"{parameter.name}: {_plain_type(parameter.annotation, thing)}{default}")
    result = "" if inspect.isclass(thing) else _plain_type(signature.return_annotation, thing)
    arrow = f" -> {result}" if result else ""
    line = f"{name}({', '.join(parts)}){arrow}"
    if len(line) <= 88:
        return ["```python", line, "```"]
    return ["```python", f"{name}(", *(f"    {part}," for part in parts), f"){arrow}", "```"]


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _type(annotation: object, owner: object) -> str:
    """Write a type for a table's cell."""
    return f"`{_plain_type(annotation, owner)}`".replace("|", "\\|")


def _plain_type(annotation: object, owner: object) -> str:
    """Write a type as the source does, with the values of literal types and plain arrays."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    module = sys.modules[str(getattr(owner, "__module__"))]  # noqa: B009
    return re.sub(r"[\w.]+", lambda found: _resolved(found.group(), module), text)


def _resolved(name: str, module: object) -> str:
    known = getattr(module, name, None)
    if any(known is array for array in _ARRAYS):
        return "ndarray"
    if typing.get_origin(known) is typing.Literal:
        return " | ".join(f'"{value}"' for value in typing.get_args(known))
    if typing.get_origin(known) in (Mapping, Sequence):  # an alias of a longer type
        return inspect.formatannotation(known).replace("collections.abc.", "")
    return name.removeprefix("pd.").removeprefix("npt.").removeprefix("np.random.")


def _paragraphs(text: str) -> Iterator[str]:
    for i, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        if i:
            yield ""
        if paragraph.lstrip().startswith(">>>"):
            yield from ("```python", inspect.cleandoc(paragraph), "```")
        else:
            yield _inline(" ".join(paragraph.split()))


def _inline(text: str) -> str:
    """Turn what numpydoc marks into Markdown."""
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    text = re.sub(r":\w+:`([^`]+)`", lambda found: _link(found.group(1)), text)
    return re.sub(r"doi:(10\.\d{4,9}/[^\s,;]*[^\s,;.):])", r"[doi:\1](https://doi.org/\1)", text)


def _link(target: str) -> str:
    name = target.removeprefix("~").rpartition(".")[2]
    for things in CHAPTERS.values():
        for thing in things:
            if _name(thing) == name:
                return f"[`{name}`](#{anchor(heading(thing))})"
    return f"`{name}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
