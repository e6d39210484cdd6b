"""A website for each test, over a fresh SQLite database."""

from __future__ import annotations

import shutil

import pytest
from factories.site import Site


@pytest.fixture
def make_site(tmp_path, migrated_sqlite):
    """Give a function that makes a site with some settings of its own."""
    made = []

    def make(**settings):
        path = tmp_path / f"site{len(made)}.db"
        shutil.copyfile(migrated_sqlite, path)
        made.append(Site(f"sqlite:///{path}", tmp_path, **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site):
    return make_site()


@pytest.fixture
def browser(site):
    return site.browser()
