"""The wheel: what it holds, and that it runs where only it and its dependencies are installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the installed backend; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


# --- what it holds -----------------------------------------------------------------------------


def source_files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT / folder).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("folder", "inside"),
    [
        ("backend/longwave", "longwave"),
        ("analysis/crosslag", "crosslag"),
        ("migrations", "longwave/_data/migrations"),
        ("study_protocols", "longwave/_data/study_protocols"),
    ],
)
def test_every_source_file_travels_in_the_wheel(names: set[str], folder: str, inside: str):
    sources = source_files(folder)
    missing = {f"{inside}/{name}" for name in sources} - names
    assert sources
    assert not missing


@pytest.mark.parametrize(
    "pattern",
    ["*/migrations/versions/*.py", "*/msc_burnout_rct/protocol.yaml", "*/templates/*.html",
     "*/static/*", "longwave/py.typed", "crosslag/py.typed"],
)  # fmt: skip
def test_data_and_markers_travel_in_the_wheel(names: set[str], pattern: str):
    assert any(Path(name).match(pattern) for name in names)


def test_nothing_else_travels_in_the_wheel(names: set[str]):
    version = PROJECT["version"]
    tops = {name.split("/")[0] for name in names}
    assert tops == {"longwave", "crosslag", f"longwave-{version}.dist-info"}
    stowaways = [
        name
        for name in names
        if Path(name).name.startswith(".env")
        or Path(name).suffix in {".db", ".pyc", ".log"}
        or Path(name).name.startswith("test_")
    ]
    assert stowaways == []


# --- an installation with some of the packages -------------------------------------------------


def closure(requirements: Iterable[str]) -> set[str]:
    """Name what must be installed for these requirements to be met, as far as it is here."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            needs = distribution(requirement.name).requires or []
        except PackageNotFoundError:
            continue  # for another platform or Python
        found.add(key[0])
        for line in needs:
            need = Requirement(line)
            contexts = [{"extra": extra} for extra in ("", *requirement.extras)]
            if need.marker is None or any(need.marker.evaluate(context) for context in contexts):
                waiting.append(need)
    return found


def install(wheel: Path, folder: Path, requirements: Iterable[str]) -> Path:
    """Make an environment with the wheel and the closure of the requirements, and nothing else.

    The packages are links to those of this environment, so nothing is fetched or copied.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    for name in closure(requirements):
        dist = distribution(name)
        for top in {file.parts[0] for file in dist.files or [] if file.parts[0] != ".."}:
            source = Path(str(dist.locate_file(top)))
            if source.exists() and not (site / top).exists():
                (site / top).symlink_to(source)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install",
               "--no-deps", "--no-index", "--quiet", str(wheel)]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "bin"


def run(program: Path | str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run an installed program from an empty folder, with nothing of ours in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [str(program), *arguments],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "MPLCONFIGDIR": str(cwd), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what `pip install longwave` brings."""
    return install(wheel, tmp_path_factory.mktemp("base"), PROJECT["dependencies"])


@pytest.fixture(scope="module")
def server(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what `pip install "longwave[server]"` brings."""
    needs = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["server"]
    return install(wheel, tmp_path_factory.mktemp("server"), needs)


def test_the_base_installation_has_none_of_the_server(base: Path, tmp_path: Path):
    for module in ("fastapi", "sqlmodel", "yaml", "pytest"):
        assert (
            "ModuleNotFoundError"
            in run(base / "python", "-c", f"import {module}", cwd=tmp_path).stderr
        )


def test_crosslag_imports_without_the_server(base: Path, tmp_path: Path):
    result = run(
        base / "python",
        "-W",
        "error",
        "-c",
        "import crosslag as c; print(c.__file__)",
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert str(base.parent) in result.stdout, "the installed one, not the working copy"


def test_the_crosslag_command_runs_without_the_server(base: Path, tmp_path: Path):
    result = run(base / "crosslag", "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "fit" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--help",), ("serve",)])
def test_longwave_says_what_to_install_without_the_server(
    base: Path, tmp_path: Path, arguments: tuple[str, ...]
):
    result = run(base / "longwave", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert 'pip install "longwave[server]"' in result.stderr
    assert "fastapi" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_installed_longwave_knows_its_commands(server: Path, tmp_path: Path):
    result = run(server / "longwave", "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "demo" in result.stdout


def test_an_installed_longwave_finds_its_study_from_an_empty_folder(server: Path, tmp_path: Path):
    script = (
        "from longwave import resources as r; print(r.protocols_directory() / 'msc_burnout_rct')"
    )
    located = run(server / "python", "-c", script, cwd=tmp_path)
    assert located.returncode == 0, located.stderr
    path = located.stdout.strip()
    assert path.startswith(str(server.parent)), "the packaged one, not the working copy"
    result = run(server / "longwave", "protocol", "check", path, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_installed_longwave_migrates_a_database_in_an_empty_folder(server: Path, tmp_path: Path):
    result = run(server / "longwave", "db", "upgrade", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "longwave.db").exists()
