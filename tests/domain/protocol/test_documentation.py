"""The guides for investigators keep up with the reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.fields import FIELDS

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = DOCS / "protocols.md"
GUIDES = (GUIDE, DOCS / "instruments.md")


def sections() -> dict[str, str]:
    """Split the guides into the sections of the blocks, by the name in the heading."""
    text = "\n".join(guide.read_text(encoding="utf-8") for guide in GUIDES)
    parts = re.split(r"^#{2,4} .*\(block `([a-z_]+)`\)\n", text, flags=re.MULTILINE)
    ends = [re.split(r"^## ", part, flags=re.MULTILINE)[0] for part in parts[2::2]]
    return dict(zip(parts[1::2], ends, strict=True))


def documented(section: str) -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE))


@pytest.mark.parametrize("block", FIELDS)
def test_every_field_that_the_reader_knows_is_documented(block: str) -> None:
    assert documented(sections()[block]) == set(FIELDS[block].known)


def test_no_block_is_documented_that_the_reader_does_not_know() -> None:
    assert set(sections()) == set(FIELDS)


@pytest.mark.parametrize("block", FIELDS)
def test_what_the_guide_calls_required_is_required(block: str) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (yes|no) \|", sections()[block], flags=re.MULTILINE)
    assert {name for name, needed in rows if needed == "yes"} == set(FIELDS[block].required)


def test_the_example_of_the_guide_is_a_sound_protocol(small: dict[str, bytes]) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    example = text.split("<!-- example: protocol.yaml -->\n```yaml\n")[1].split("```")[0]
    files = {name: content for name, content in small.items() if name != "protocol.yaml"}
    protocol = read_protocol(files | {"protocol.yaml": example.encode()})
    assert protocol.study.slug == "night-shifts"
