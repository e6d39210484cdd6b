"""The rules of the house: who imports whom, where SQL lives, who commits, who reads the clock."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGWAVE = ROOT / "backend" / "longwave"
CROSSLAG = ROOT / "analysis" / "crosslag"

LONGEST_FILE = 400
LONG_FILES: dict[str, str] = {}
"""Files that may be longer, and why. A file near the limit becomes a package of its name."""

SQL_BUILDERS = {"select", "insert", "update", "delete", "text", "func", "exists", "union"}
SESSION_STATEMENTS = {"exec", "execute", "scalar", "scalars", "query", "get", "get_one", "merge"}
CLOCK_READERS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if isinstance(node, (ast.expr, ast.stmt)) else ""
    return f"{path.relative_to(ROOT)}{line}"


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def method(call: ast.Call) -> tuple[str, str]:
    """Name what a method is called on (its last part) and the method; empty for other calls."""
    if not isinstance(call.func, ast.Attribute):
        return "", ""
    owner = call.func.value
    if isinstance(owner, ast.Name):
        return owner.id, call.func.attr
    if isinstance(owner, ast.Attribute):
        return owner.attr, call.func.attr
    return "", call.func.attr


# --- layers ----------------------------------------------------------------------------------


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the packages in a project folder."""
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    search = os.pathsep.join(str(project / part) for part in ("backend", "analysis"))
    return subprocess.run(
        [sys.executable, "-c", script, "--config", "pyproject.toml", "--no-cache"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": search, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def skeleton(folder: Path) -> Path:
    """Make a house with every room that the contracts name, all of them empty."""
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c for c in rules["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    rooms = re.findall(r"\w+", " ".join(layers["layers"]))
    for name in [
        "backend/longwave",
        "analysis/crosslag",
        *(f"backend/longwave/{r}" for r in rooms),
    ]:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    return folder


def test_imports_keep_to_the_layers():
    result = lint_imports(ROOT)
    assert result.returncode == 0, (
        "An import breaks the layer rules of pyproject.toml ([tool.importlinter]). Move the code "
        "to the layer that may know it, or pass in what it needs:\n" + result.stdout + result.stderr
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return skeleton(tmp_path_factory.mktemp("house"))


def test_an_empty_house_keeps_every_rule(house: Path):
    result = lint_imports(house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("room", "imported", "contract"),
    [
        ("longwave/storage", "longwave.services", "Imports point down"),
        ("longwave/jobs", "longwave.web", "Imports point down"),
        ("longwave/domain", "longwave.config", "Imports point down"),
        ("longwave/somewhere", "longwave.domain", "Imports point down"),
        ("longwave/domain", "sqlmodel", "The domain knows"),
        ("longwave/domain", "pathlib", "The domain knows"),
        ("longwave/domain", "random", "The domain knows"),
        ("longwave/services", "crosslag", "Only report"),
        ("crosslag", "longwave.domain", "crosslag stands alone"),
        ("crosslag", "sqlalchemy", "crosslag needs nothing"),
    ],
)
def test_a_bad_import_is_found(house: Path, room: str, imported: str, contract: str):
    bad = house / ("analysis" if room == "crosslag" else "backend") / room / "bad" / "__init__.py"
    bad.parent.mkdir(parents=True)
    (bad.parent.parent / "__init__.py").touch()
    bad.write_text(f"import {imported}\n", encoding="utf-8")
    try:
        result = lint_imports(house)
    finally:
        shutil.rmtree(bad.parent if room != "longwave/somewhere" else bad.parent.parent)
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(broken) == 1, result.stdout
    assert broken[0].startswith(contract), result.stdout


# --- SQL, commits and time --------------------------------------------------------------------

OUTSIDE_STORAGE = [
    path for path in python_files(LONGWAVE) if "storage" not in path.relative_to(LONGWAVE).parts
]


def sql_outside_storage(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and re.match(r"sqlalchemy|sqlmodel", node.module or ""):
            for alias in node.names:
                if alias.name in SQL_BUILDERS:
                    yield f"{place(path, node)}: imports {alias.name}"
        if isinstance(node, ast.Call):
            owner, name = method(node)
            if name in SESSION_STATEMENTS and owner.endswith("session"):
                yield f"{place(path, node)}: {owner}.{name}(...)"


def test_sql_stays_in_storage():
    found = [fault for path in OUTSIDE_STORAGE for fault in sql_outside_storage(path)]
    assert not found, "SQL belongs in longwave.storage, in the file of its noun:\n" + "\n".join(
        found
    )


def test_services_and_storage_never_commit():
    storage = LONGWAVE / "storage"
    own_transactions = {storage / "database.py", storage / "migration.py"}
    found = [
        place(path, call)
        for path in python_files(LONGWAVE / "services", storage)
        if path not in own_transactions
        for call in calls(path)
        if method(call)[1] in {"commit", "rollback"}
    ]
    assert not found, "Services flush; the edge commits once:\n" + "\n".join(found)


def test_nothing_below_the_edge_reads_the_clock():
    edges = {LONGWAVE / "clock.py"}
    found = [
        place(path, call)
        for path in python_files(LONGWAVE, CROSSLAG)
        if path not in edges and "cli" not in path.relative_to(ROOT).parts
        for call in calls(path)
        if method(call) in CLOCK_READERS
    ]
    assert not found, "Take `now` as an argument; the clock is made at the edge:\n" + "\n".join(
        found
    )


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("from sqlmodel import Session, select", "imports select"),
        ("def f(session):\n    return session.execute(1)", "session.execute(...)"),
        ("def f(self):\n    return self.session.get(int, 1)", "session.get(...)"),
    ],
)
def test_misplaced_sql_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, fault: str
):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "withdrawal.py"
    path.write_text(code, encoding="utf-8")
    assert [line.split(": ", 1)[1] for line in sql_outside_storage(path)] == [fault]


# --- size ------------------------------------------------------------------------------------


def test_files_stay_short():
    lengths = {
        place(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files(LONGWAVE, CROSSLAG)
    }
    too_long = {
        name: n for name, n in lengths.items() if n > LONGEST_FILE and name not in LONG_FILES
    }
    assert not too_long, f"Make each a package of the same name: {too_long}"
    needless = [name for name in LONG_FILES if lengths.get(name, 0) <= LONGEST_FILE]
    assert not needless, f"No longer long; take them off LONG_FILES: {needless}"


def test_a_test_file_mirrors_each_layer_folder_it_stands_in():
    layers = {path.name for path in LONGWAVE.iterdir() if path.is_dir()} | {"crosslag"}
    others = {"benchmarks", "factories", "journeys", "reference"}
    folders = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= layers | others, f"Unknown test folders: {folders - layers - others}"
