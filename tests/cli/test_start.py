"""Commands start without what they do not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from longwave.cli import app as whole
from longwave.cli import protocol
from longwave.cli.lazy import LazyGroup

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = ("pandas", "scipy", "matplotlib", "sqlalchemy", "sqlmodel", "fastapi", "uvicorn")


def heavy_after(code: str) -> list[str]:
    """Name the heavy packages that a fresh interpreter has imported after running ``code``."""
    tell = f"print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{tell}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return eval(done.stdout.splitlines()[-1])


def running(*words: str) -> str:
    return f"from longwave.cli.app import app\napp({list(words)!r}, standalone_mode=False)"


@pytest.mark.parametrize(
    "code",
    [
        "import longwave.cli",
        "import longwave.cli.app",
        running("--help"),
        running("protocol", "--help"),
        running("protocol", "check", "study_protocols/msc_burnout_rct"),
        running("instruments", "list"),
    ],
)
def test_small_commands_start_without_heavy_packages(code: str):
    assert heavy_after(code) == []


def test_what_a_command_needs_is_there_once_it_runs():
    assert "sqlalchemy" in heavy_after("from longwave.cli import study")
    assert "sqlalchemy" in heavy_after(running("study", "--help"))


@pytest.mark.parametrize("app", [whole.app, protocol.app])
def test_lists_of_commands_say_what_the_commands_say_themselves(app: typer.Typer):
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    for name, later in group.later.items():
        assert later.help == group.commands[name].help.splitlines()[0]
        assert group.commands[name].name == name


def test_the_package_can_be_run_as_a_module():
    command = [sys.executable, "-m", "longwave", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0 and "protocol" in done.stdout
