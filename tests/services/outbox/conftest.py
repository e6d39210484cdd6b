"""A lab for each test, on both databases, and its outbox."""

from __future__ import annotations

import pytest
from factories.lab import Lab
from factories.outbox import Outbox


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()


@pytest.fixture
def make_lab(database_url):
    """Give a function that opens the one lab of a test, on a protocol with some edits."""
    opened = []

    def make(edits):
        opened.append(Lab(database_url, edits=edits))
        return opened[-1]

    yield make
    for lab in opened:
        lab.close()


@pytest.fixture
def box(lab):
    return Outbox(lab)
