"""Every page for everybody: WCAG 2.2 AA, light and dark, left to right and right to left.

The pages are those of `factories.tour`, in all their states. One server and one browser serve
the whole module; what each page is held to runs on it while it is open.
"""

from __future__ import annotations

import re
import shutil
import socket

import pytest
from axe_playwright_python.sync_playwright import Axe
from factories.browsing import PATIENCE, SIZES, Served, launched
from factories.routes import routes_of
from factories.tour import NO_PAGES, NO_TEMPLATES, SLUG, STOPS, Stop, Tour, World
from playwright.sync_api import Request

from longwave import i18n
from longwave.web.rendering import environment

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LANGUAGES = ("en", "ar")
HEAVIEST = 60_000
"""Bytes of a participant's page with all that belongs to it."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "selectors": False,
}
AXE = Axe().axe_script


@pytest.fixture(scope="module")
def served(tmp_path_factory, migrated_sqlite):
    """Give the world at an address of its own."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copyfile(migrated_sqlite, folder / "world.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        found = Served(free.getsockname()[1])
    found.site = World(f"sqlite:///{folder / 'world.db'}", folder, found.url)
    found.start()
    yield found
    found.stop()
    found.site.close()


@pytest.fixture(scope="module")
def page():
    with launched() as chromium:
        context = chromium.new_context(locale="en-GB", reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page
        context.close()


@pytest.fixture(scope="module")
def rendered():
    """Which templates were rendered, in order."""
    names: list[str] = []
    engine = environment()
    original = engine.get_template
    engine.get_template = lambda name, *rest: (names.append(name), original(name, *rest))[1]
    yield names
    engine.get_template = original


@pytest.fixture
def asked(page):
    """Give what the browser asks for."""
    found = []

    def ask(request):
        found.append(request)

    page.on("request", ask)
    yield found
    page.remove_listener("request", ask)


@pytest.fixture
def language():
    return "en"


@pytest.fixture
def tour(page, served, language):
    """Somebody new at the same phone, in the language of the test."""
    page.context.clear_cookies()
    page.set_viewport_size(SIZES[360])
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return Tour(page, served.site, served.url, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_a_page_is_for_everybody(tour, stop, language, rendered, asked):
    stop.way(tour)
    assert [name for name in rendered if name not in NO_TEMPLATES][-1] == stop.template
    assert re.fullmatch(pattern(stop.route), path_of(tour)), tour.page.url
    faults = [
        *wrong_language(tour, language),
        *too_heavy(tour, stop),
        *loses_what_is_typed(tour, stop),
        *hard_to_read(tour),
        *lost_by_keyboard(tour),
        *too_wide(tour),
        *moving(tour),
        *elsewhere(tour, asked),
    ]
    assert faults == []


def pattern(route: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", route)


def path_of(tour: Tour) -> str:
    return tour.page.url.removeprefix(tour.url).partition("?")[0]


def wrong_language(tour: Tour, language: str) -> list[str]:
    found = tour.page.evaluate("[document.documentElement.lang, document.documentElement.dir]")
    return [] if found == [language, i18n.direction(language)] else [f"is in {found}"]


def elsewhere(tour: Tour, asked: list[Request]) -> list[str]:
    """Give what was asked of others on the way, too."""
    ours = (f"{tour.url}/", "data:")
    return [f"asks {sent.url}" for sent in asked if not sent.url.startswith(ours)]


WEIGHT = """() => performance.getEntriesByType('navigation')
  .concat(performance.getEntriesByType('resource'))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""


def too_heavy(tour: Tour, stop: Stop) -> list[str]:
    """Give the weight of a participant's page that is heavy to load on a slow line."""
    weight = tour.page.evaluate(WEIGHT)
    assert weight > 0
    return [f"weighs {weight} bytes"] * (weight >= HEAVIEST and "/console" not in stop.route)


FILLED_IN = """[...document.querySelectorAll(
    'main input:not([type=hidden]), main textarea')].some(node => node.checkVisibility())"""


def loses_what_is_typed(tour: Tour, stop: Stop) -> list[str]:
    """Give a page whose change of language leaves behind what is typed or ticked."""
    links = tour.page.locator("header nav a")
    is_lost = tour.page.evaluate(FILLED_IN) and links.count() > 0 and not stop.loses
    return ["loses what is typed when the language changes"] * is_lost


LOOKS = {
    "en": ((360, "light"), (1280, "dark")),
    "ar": ((360, "dark"), (1280, "light")),
}
"""How axe looks at a page in each language: every size meets every scheme and every language."""


def hard_to_read(tour: Tour) -> list[str]:
    """Give what axe finds on a phone and at a desk, by day and by night."""
    faults = []
    for width, scheme in LOOKS[tour.language]:
        tour.page.set_viewport_size(SIZES[width])
        tour.page.emulate_media(color_scheme=scheme)
        for found in axe(tour)["violations"]:
            nodes = [f"{node['html']} {node['failureSummary']}" for node in found["nodes"]]
            faults.append(f"{width} {scheme} {found['id']}: {nodes}")
    return faults


def axe(tour: Tour) -> dict[str, list[dict]]:
    if not tour.page.evaluate("'axe' in window"):
        tour.page.evaluate(AXE)
    return tour.page.evaluate("rules => axe.run(rules)", RULES)


FOCUSABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls],'
    + ' [tabindex="0"]')]
  .filter(node => node.checkVisibility() && !node.disabled && node.tabIndex >= 0)"""

PLACE = """focusable => {
  const node = document.activeElement;
  const shown = node.closest('label.opt') || node;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return {
    place: focusable.indexOf(node),
    html: node.outerHTML.slice(0, 120),
    ring: parseFloat(style.outlineWidth) * (style.outlineStyle !== 'none'),
    visible: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.right > 0
      && box.left < innerWidth,
  };
}"""


def lost_by_keyboard(tour: Tour) -> list[str]:
    """Give what the Tab key cannot reach in the order of the page, or shows no ring around."""
    page = tour.page
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.evaluate("document.body.removeAttribute('tabindex')")
    reachable = page.evaluate(f"({FOCUSABLE})().map(node => node.outerHTML.slice(0, 120))")
    faults, last, first = [], -1, True
    for _ in range(len(reachable) + 9):
        if last == len(reachable) - 1:
            break
        page.keyboard.press("Tab")
        here = page.evaluate(f"({PLACE})(({FOCUSABLE})())")
        if here["place"] < 0:
            break
        if first and "skip" not in here["html"]:
            faults.append(f"begins at {here['html']}")
        if here["place"] == last and re.match(r'<audio|<input type="(date|time)"', here["html"]):
            continue  # their parts are the browser's own, and come one by one
        if here["place"] <= last:
            faults.append(f"goes back to {here['html']}")
            break
        if here["ring"] < 2:
            faults.append(f"no ring around {here['html']}")
        if not here["visible"]:
            faults.append(f"cannot be seen: {here['html']}")
        last, first = here["place"], False
    missed = reachable[last + 1 :]
    return [*faults, *(f"cannot be reached: {html}" for html in missed)]


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""A page that scrolls sideways; parts of it may, if they say so."""


def too_wide(tour: Tour) -> list[str]:
    """Give where a page scrolls sideways: narrow, and with text twice as large."""
    faults = []
    for width, percent in ((320, 100), (360, 200)):
        tour.page.set_viewport_size({"width": width, "height": 740})
        tour.page.evaluate(f"document.documentElement.style.fontSize = '{1.0625 * percent}%'")
        more = tour.page.evaluate(WIDER)
        if more > 0:
            faults.append(f"{more} px too wide at {width} px with text at {percent} %")
    tour.page.evaluate("document.documentElement.style.fontSize = ''")
    return faults


MOVING = """() => [...document.querySelectorAll('*')].filter(node => {
  const style = getComputedStyle(node);
  return [style.transitionDuration, style.animationDuration].some(
    value => value.split(',').some(one => parseFloat(one) > 0));
}).map(node => node.outerHTML.slice(0, 120))"""


def moving(tour: Tour) -> list[str]:
    return [f"moves: {html}" for html in tour.page.evaluate(MOVING)]


# --- nothing is left out -------------------------------------------------------------------------


def test_every_page_of_the_application_is_walked_over(served):
    routes = {
        path
        for method, path in routes_of(served.site.app)
        if method == "GET" and not path.startswith("/api/")
    }
    assert routes - {stop.route for stop in STOPS} - set(NO_PAGES) == set()
    assert set(NO_PAGES) <= routes


def test_every_template_is_walked_over():
    templates = set(environment().list_templates())
    assert templates - {stop.template for stop in STOPS} == NO_TEMPLATES


def test_the_first_page_is_light_even_on_the_wire(tour, page, asked):
    """With its headers, and nothing kept from before."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in (f"/s/{SLUG}", tour.world.link(tour.world.enrol())):
        asked.clear()
        tour.go(path)
        sizes = [sent.sizes() for sent in asked if sent.url.startswith(tour.url)]
        weight = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        assert len(sizes) == 3
        assert 5_000 < weight < HEAVIEST, path
    line.detach()


# --- what finds faults can find them -------------------------------------------------------------


def test_the_size_of_targets_is_looked_at(tour, language):
    tour.go("/support/msc-clinicians")
    passed = {found["id"] for found in axe(tour)["passes"]}
    assert {"target-size", "color-contrast", "html-has-lang"} <= passed


def test_what_is_wrong_with_a_page_is_found(tour, language):
    tour.go("/s/msc-clinicians")
    tour.page.evaluate(
        """() => {
          document.querySelector('main').insertAdjacentHTML('beforeend',
            '<input><button></button><p id=wide>too pale</p>');
          const wide = document.getElementById('wide');
          wide.style.inlineSize = '500px';
          wide.style.color = '#999';
          const input = document.querySelector('main input');
          input.style.outline = 'none';
          input.style.transition = 'all 1s';
        }"""
    )
    found = " ".join([*hard_to_read(tour), *lost_by_keyboard(tour), *too_wide(tour)])
    for fault in ("label:", "button-name:", "color-contrast:", "no ring around <input", "too wide"):
        assert fault in found
    assert moving(tour)
