"""A demo that is killed, stopped or doubled leaves nothing that the next one trips over."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

SECONDS = 120


def command(directory, participants):
    options = ["--participants", str(participants), "--no-serve", "--directory", str(directory)]
    start = "from longwave.entry import main; main()"
    return [sys.executable, "-c", start, "demo", *options]


def mail(directory):
    """Name the mails that were caught, and when."""
    with suppress(FileNotFoundError):  # while the next demo clears them away
        return {(path, path.stat().st_mtime_ns) for path in (directory / "mail").glob("*.eml")}
    return set()


@contextmanager
def under_way(directory):
    """Give a demo that has begun to receive mail, and end it however the test ended."""
    before = mail(directory)
    process = subprocess.Popen(
        command(directory, 12), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not mail(directory) - before:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_after_a_demo_was_killed_and_another_stopped_the_next_one_finishes(tmp_path):
    directory = tmp_path / "D"
    with under_way(directory) as process:
        second = subprocess.run(
            command(directory, 6), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert second.returncode == 1
        assert second.stderr.startswith("error: Another demo is using")
        assert process.poll() is None  # the first goes on
        process.kill()
        process.wait(SECONDS)
    (directory / "left_behind.txt").write_text("by the one that was killed")
    with under_way(directory) as process:
        assert not (directory / "left_behind.txt").exists()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        assert told.strip() == "Stopped. The next demo starts afresh."
    done = subprocess.run(
        command(directory, 6), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "6 enrolled" in done.stdout
    assert (directory / "export" / "manifest.json").is_file()
    assert (directory / "analysis" / "report.html").is_file()
