"""Make or update ``.venv`` from requirements.lock. Run by make, with the system's own Python.

A stamp inside the environment names what it was made from. While an install runs there is no
stamp but a marker, so an interrupted one is recognised and made afresh.

It must run on a Python too old for the project, to say so: no newer syntax here.
"""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "longwave-installed"
MARKER = VENV / "longwave-installing"
LOCK = ROOT / ".venv.lock"


def main() -> int:
    """Bring the environment up to date; 0 if it is ready to use."""
    problem = python_problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    with one_at_a_time():
        wanted = fingerprint()
        if is_ready(wanted):
            return 0
        try:
            install(wanted)
        except subprocess.CalledProcessError as error:
            print(
                "The environment could not be made: a step failed (see above).\n"
                "Mend what it complains about and run the same command again.",
                file=sys.stderr,
            )
            return error.returncode or 1
    return 0


def python_problem() -> str:
    """Say what is wrong with the Python that runs this, and what to do; empty if nothing is."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST:
        return (
            f"Python 3.11 or later is needed; {sys.executable} is {found}.\n"
            "Name another one: make PYTHON=/path/to/python3.12 ..."
        )
    try:
        import ensurepip
        import venv
    except ImportError as error:
        return (
            f"{sys.executable} lacks the module '{error.name}', which makes environments.\n"
            "On Debian and Ubuntu: apt install python3-venv; or name another Python: "
            "make PYTHON=/path/to/python3.12 ..."
        )
    del ensurepip, venv
    return ""


def fingerprint() -> str:
    """Identify what the environment is made from: lock, project, interpreter and place."""
    digest = hashlib.sha256()
    for part in (
        (ROOT / "requirements.lock").read_bytes(),
        (ROOT / "pyproject.toml").read_bytes(),
        str(ROOT).encode(),  # scripts in an environment carry its full path
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def is_ready(wanted: str) -> bool:
    """Tell whether the environment is complete and current, and its interpreter still exists."""
    return (
        not MARKER.exists()
        and STAMP.exists()
        and STAMP.read_text(encoding="utf-8") == wanted
        and (VENV / "bin" / "python").exists()
    )


def install(wanted: str) -> None:
    """Make the environment, or update a complete one, and stamp it."""
    started = time.monotonic()
    python = str(VENV / "bin" / "python")
    if MARKER.exists() or not STAMP.exists() or not Path(python).exists():
        print("Making .venv from requirements.lock (once; a minute or two) ...", flush=True)
        if VENV.exists():
            shutil.rmtree(str(VENV))
        VENV.mkdir()
        MARKER.touch()
        run(sys.executable, "-m", "venv", str(VENV))
    else:
        print("Updating .venv from requirements.lock ...", flush=True)
        MARKER.touch()
    pip = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock"))
    # The build backend is in the lock too, so nothing is fetched beside it.
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    STAMP.write_text(wanted, encoding="utf-8")
    MARKER.unlink()
    print(f"Ready after {time.monotonic() - started:.0f} s.", flush=True)


def run(*command: str) -> None:
    """Run one step; its errors go straight to the terminal."""
    subprocess.run(command, check=True, cwd=str(ROOT))


@contextlib.contextmanager
def one_at_a_time():  # noqa: ANN201 - written so that any Python 3 can read it
    """Keep two makes in one folder from installing at once."""
    import fcntl

    with LOCK.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another make is preparing .venv; waiting for it ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted; the next make starts the installation afresh.", file=sys.stderr)
        sys.exit(130)
