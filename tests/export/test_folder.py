"""An export takes its folder's place whole; what others put there is safe."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.export.folder import read_manifest, replacing


def export(folder, text):
    with replacing(folder) as partial:
        (partial / "panel.csv").write_text(text)
        (partial / "manifest.json").write_text(
            '{"kind": "longwave-export", "files": {"panel.csv": {}}}'
        )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def held(folder):
    """Return what a folder holds, and check that nothing is left beside it."""
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return (folder / "panel.csv").read_text()


def test_a_new_export_takes_the_place_of_the_former(folder):
    export(folder, "one")
    export(folder, "two")
    assert held(folder) == "two"


def test_an_empty_folder_may_be_used(folder):
    folder.mkdir()
    export(folder, "one")
    assert held(folder) == "one"


def test_an_export_that_fails_leaves_the_former(folder):
    export(folder, "one")
    with pytest.raises(KeyError), replacing(folder) as partial:
        (partial / "panel.csv").write_text("half")
        raise KeyError
    assert held(folder) == "one"


def test_an_export_that_is_killed_leaves_the_former(folder):
    export(folder, "one")
    program = f"""
        import os, pathlib, signal
        from longwave.export.folder import replacing
        with replacing(pathlib.Path({str(folder)!r})) as partial:
            (partial / "panel.csv").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (folder / "panel.csv").read_text() == "one"
    export(folder, "two")
    assert held(folder) == "two"


def test_an_export_under_way_is_not_taken_for_an_abandoned_one(folder):
    with replacing(folder) as slow:
        export(folder, "quick")
        assert slow.is_dir()
        (slow / "manifest.json").write_text('{"kind": "longwave-export", "files": {}}')
    assert not (folder / "panel.csv").exists()


def test_a_swap_that_was_cut_short_is_undone(folder):
    export(folder, "one")
    folder.rename(folder.with_name(".data.former"))
    with pytest.raises(KeyError), replacing(folder):
        raise KeyError
    assert held(folder) == "one"


def test_a_folder_that_is_no_export_is_left_alone(folder):
    folder.mkdir()
    (folder / "thesis.docx").write_text("years of work")
    with pytest.raises(InvalidInputError, match="is not empty, and not an export"):
        export(folder, "one")
    assert (folder / "thesis.docx").read_text() == "years of work"


def test_what_somebody_added_to_an_export_is_left_alone(folder):
    export(folder, "one")
    (folder / "notes.md").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"holds what no export wrote: notes\.md"):
        export(folder, "two")
    assert (folder / "notes.md").read_text() == "mine"


def test_a_file_is_no_folder(folder):
    folder.write_text("a file")
    with pytest.raises(InvalidInputError, match="is a file, not a folder"):
        export(folder, "one")


@pytest.mark.parametrize("manifest", ["", "[]", '{"kind": "other", "files": {}}', '{"files": 3}'])
def test_the_manifest_of_something_else_is_refused(folder, manifest):
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    with pytest.raises(InvalidInputError, match="is not the manifest of an export"):
        export(folder, "one")


def test_reading_where_there_is_no_export_says_so(folder):
    with pytest.raises(NotFoundError, match="There is no export in"):
        read_manifest(folder)
