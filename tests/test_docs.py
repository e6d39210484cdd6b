"""The documentation keeps up: every command, option and setting is described, and none too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr

from crosslag.cli import app as crosslag_app
from longwave.cli.app import app as longwave_app
from longwave.config import Settings

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- commands ------------------------------------------------------------------------------------


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give every command of a command line by its full name, leaving out mere groups."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from walk(child, f"{path} {name}")
    elif not command.hidden:
        yield path, command


COMMANDS = {
    **dict(walk(typer.main.get_command(longwave_app), "longwave")),
    **dict(walk(typer.main.get_command(crosslag_app), "crosslag")),
}


def sections() -> dict[str, str]:
    """Split docs/commands.md into the sections of the commands, by heading."""
    heading = re.compile(r"^## `((?:longwave|crosslag) [^`]+)`\n", flags=re.MULTILINE)
    parts = heading.split(read("docs/commands.md"))
    return {
        name: re.split(r"^##? ", text, maxsplit=1, flags=re.MULTILINE)[0]
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def spellings(command: Any) -> set[str]:
    """Name the options of a command as they are typed, and its arguments in capitals."""
    found: set[str] = set()
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            found.add((parameter.metavar or parameter.name).upper().strip("[]"))
        elif not parameter.hidden:
            found |= {o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")}
    return found - {"--help"}


def test_every_command_is_documented_and_no_other():
    assert sorted(sections()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_and_no_other(name: str):
    text = sections()[name]
    documented = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    documented |= set(re.findall(r"^\| `([A-Z_]+)`", text, flags=re.MULTILINE))
    assert documented == spellings(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str):
    assert COMMANDS[name].help
    assert all(p.help for p in COMMANDS[name].params if p.name != "help")


# --- settings ------------------------------------------------------------------------------------

SETTING = re.compile(r"^\| `(LONGWAVE_\w+)` \| (?:`([^`]*)`|none) \| (.+) \|$", re.MULTILINE)


def documented_settings() -> dict[str, str]:
    return {name: default for name, default, _ in SETTING.findall(read("docs/configuration.md"))}


def test_every_setting_is_documented_with_its_default_and_no_other():
    actual = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        actual[f"LONGWAVE_{name.upper()}"] = "" if default is None else str(default)
    assert documented_settings() == actual


def test_no_text_names_a_setting_that_does_not_exist():
    known = set(documented_settings())
    not_settings = {"LONGWAVE_NO_SKIPS", "LONGWAVE_DOMAIN"}
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "deploy" / "example.env"]
    named = {
        (path.name, name)
        for path in texts
        for name in re.findall(r"LONGWAVE_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert {(where, name) for where, name in named if name not in known | not_settings} == set()


# --- the texts at the top ------------------------------------------------------------------------

TEXTS = [
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("name", TEXTS)
def test_make_targets_that_are_named_exist(name: str):
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", read(name), flags=re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("name", TEXTS)
def test_commands_that_are_shown_exist(name: str):
    line = re.compile(r"(?:^|`)((?:longwave|crosslag)(?: [a-z][a-z-]*)+)", flags=re.MULTILINE)
    shown = line.findall(read(name))
    groups = {command.rsplit(" ", 1)[0] for command in COMMANDS}

    def exists(line: str) -> bool:
        words = line.split()
        return any(" ".join(words[:n]) in COMMANDS for n in range(2, 5)) or line in groups

    assert [line for line in shown if not exists(line)] == []


@pytest.mark.parametrize("name", TEXTS)
def test_links_between_files_lead_somewhere(name: str):
    here = (ROOT / name).parent
    links = re.findall(r"]\((?!https?://|#|mailto:)([^)#\s]+)", read(name))
    assert [link for link in links if not (here / link).exists()] == []


def test_the_readme_shows_the_commands_of_the_makefile():
    for target in ("demo", "test"):
        assert re.search(rf"^make {target}\b", read("README.md"), flags=re.MULTILINE)
        assert re.search(rf"^{target}:", read("Makefile"), flags=re.MULTILINE)


def test_decisions_are_numbered_without_gaps_and_short():
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04d}" for n in range(1, len(pages) + 1)]
    for page in pages:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {int(page.name[:4])}. ")
        assert {"## Context", "## Decision", "## Consequences"} <= set(lines)
        assert len(lines) < 40
