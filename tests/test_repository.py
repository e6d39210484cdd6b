"""The repository as a whole: one version everywhere, a lock that matches, nothing that leaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import longwave
from longwave.entry import SERVER_MODULES

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked_files() -> list[Path]:
    """List the files under version control, or all that an archive holds."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.split("\0") if (ROOT / name).is_file()]
    hidden = re.compile(r"(^|/)(\.venv|__pycache__|\.[a-z_]+_cache|demo)(/|$)")
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not hidden.search(path.relative_to(ROOT).as_posix())
    ]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


# --- what may not be in any file ---------------------------------------------------------------

# Written in parts, so that this file does not find itself.
LEAKS = {
    "a path of somebody's machine": r"(?<![\w.])/(?:work|root|home|Users|opt)"
    + r"/(?!longwave\b)\w",
    "a package registry's address": r"--(?:extra-)?index" + r"-url|find-" + r"links|pypi\.org/"
    r"simple|files\.pythonhosted|registry\.npmjs",
    "a name of the workshop": r"\.\./sha" + r"red/(?!oracles)|issues " + r"show|sub-?ag" + r"ent|"
    r"\b(?:Cla" + r"ude|Anthr" + r"opic|Chat" + r"GPT)\b|/tmp/br" + r"ief",
    "a private key": r"BEGIN [A-Z ]*PRIVATE" + r" KEY",
}


@pytest.mark.parametrize("kind", LEAKS)
def test_no_file_holds(kind: str):
    pattern = re.compile(LEAKS[kind])
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()!r}"
        for path in tracked_files()
        for hit in [pattern.search(text_of(path))]
        if hit
    ]
    assert not found, f"{kind} stands in:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a path of somebody's machine", "see /home/" + "ada/study"),
        ("a package registry's address", "--index" + "-url https://example.org"),
        ("a name of the workshop", "see ../sha" + "red/DESIGN.md"),
        ("a private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
    ],
)
def test_a_leak_would_be_found(kind: str, text: str):
    assert re.search(LEAKS[kind], text)


def test_ignored_names_are_anchored():
    """A bare name such as ``export/`` once hid a package from version control and the wheel."""
    anywhere = {"__pycache__/", "*.egg-info/"}
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert [line for line in lines if not line.startswith("/") and line not in anywhere] == []


# --- one version --------------------------------------------------------------------------------


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert longwave.__version__ == PROJECT["project"]["version"] == str(citation["version"])


def test_the_changelog_opens_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[?([^\]\s]+)", changelog, flags=re.MULTILINE)
    versions = [heading for heading in headings if heading != "Unreleased"]
    assert versions[:1] == [longwave.__version__]


def test_the_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert text.startswith("MIT License\n")
    assert PROJECT["project"]["license"] == citation["license"] == "MIT"


# --- the locks ----------------------------------------------------------------------------------

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """Read a lock: normalised names and their versions (several, where platforms differ)."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall((ROOT / name).read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def requirements(*extras: str) -> list[Requirement]:
    project = PROJECT["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ("server", "dev")), ("deploy/requirements.lock", ("server",))],
)
def test_the_lock_satisfies_the_project(lock: str, extras: tuple[str, ...]):
    locked = pins(lock)
    faults = [
        f"{requirement} (locked: {sorted(locked.get(canonicalize_name(requirement.name), set()))})"
        for requirement in requirements(*extras)
        if not any(
            requirement.specifier.contains(version)
            for version in locked.get(canonicalize_name(requirement.name), set())
        )
    ]
    assert not faults, f"{lock} is out of date, run `make lock`: " + "; ".join(faults)


def test_the_image_runs_what_was_tested():
    tested = pins("requirements.lock")
    differing = {
        name: versions
        for name, versions in pins("deploy/requirements.lock").items()
        if not versions <= tested.get(name, set())
    }
    assert not differing, f"run `make lock`: {differing}"


def test_every_locked_package_has_hashes():
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text("utf-8"))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_entry_point_looks_for_every_package_of_the_server():
    from importlib.metadata import packages_distributions

    distributions = packages_distributions()
    looked_for = {
        canonicalize_name(distribution)
        for module in SERVER_MODULES
        for distribution in distributions.get(module, [])
    }
    server = map(Requirement, PROJECT["project"]["optional-dependencies"]["server"])
    expected = {
        canonicalize_name(need.name)
        for need in server
        if need.marker is None or need.marker.evaluate()
    }
    assert looked_for == expected


# --- the tests themselves -----------------------------------------------------------------------

SKIPPING = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="no browser here")
def test_skipped(): pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected(): assert False
"""


@pytest.mark.parametrize(("no_skips", "status"), [("", 0), ("1", 1)])
def test_a_skip_fails_only_where_nothing_may_be_skipped(tmp_path: Path, no_skips: str, status: int):
    shutil.copyfile(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_one.py").write_text(SKIPPING, encoding="utf-8")
    (tmp_path / "test_two.py").write_text(
        "import pytest\npytest.skip('no R here', allow_module_level=True)\n", encoding="utf-8"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "-p", "no:cacheprovider", "-rA", "."],
        cwd=tmp_path,
        env={**os.environ, "LONGWAVE_NO_SKIPS": no_skips},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    closing = result.stdout.splitlines()[-1]
    if status:
        assert "1 passed, 1 xfailed, 2 errors" in closing, result.stdout
        assert "no browser here" in result.stdout
        assert "no R here" in result.stdout
    else:
        assert "1 passed, 2 skipped, 1 xfailed" in closing, result.stdout
    assert result.returncode == status, result.stdout


def test_the_two_programs_are_declared():
    assert PROJECT["project"]["scripts"] == {
        "longwave": "longwave.entry:main",
        "crosslag": "crosslag.cli:main",
    }


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("script", [".ci/run"])
def test_shell_scripts_parse_and_stop_at_errors(script: str):
    subprocess.run(["bash", "-n", script], cwd=ROOT, check=True)
    assert "set -euo pipefail" in (ROOT / script).read_text(encoding="utf-8")
    assert os.access(ROOT / script, os.X_OK)
