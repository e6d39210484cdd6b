"""The pages in a real browser: on a narrow phone, with a script and without one, offline."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from factories.alarming import WORN, alarming_files
from factories.site import LOAD

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")
WIDER_THAN_ITS_WINDOW = "document.documentElement.scrollWidth - innerWidth"
SMALLEST_TARGET = 24
OPTION_HEIGHT = 48


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextmanager
def serving(make_site):
    """Give a site and the address at which it is really served."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    site = make_site(base_url=url)
    server = uvicorn.Server(uvicorn.Config(site.app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield site, url
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def served(make_site):
    with serving(make_site) as pair:
        yield pair


@pytest.fixture
def open_page(chromium):
    """Give a function that opens a page in a context of its own and listens to complaints."""
    contexts, complaints = [], []

    def open_one(**how):
        context = chromium.new_context(**{"locale": "en-GB", **how})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if is_fault(line) else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def is_fault(line):
    """Whether a line of the console is about our code; a failed request is what tests provoke."""
    return line.type in ("error", "warning") and "Failed to load resource" not in line.text


def start(page, site, url):
    person = site.enrol()
    page.goto(url + site.link(person))
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/survey/rest")
    return person


def test_no_page_scrolls_sideways_on_a_narrow_phone(served, open_page):
    site, url = served
    page = open_page(viewport={"width": 320, "height": 640})
    person = start(page, site, url)
    page.request.post(f"{url}/console/sign-in", form={"token": site.token})
    paths = [
        "/",
        "/s/small-trial",
        "/s/small-trial/north",
        site.link(person),
        "/survey/rest",
        "/survey/load",
        "/leave",
        "/support",
        "/nope",
        "/console",
        "/console/small-trial",
        "/console/small-trial/participants",
        "/console/small-trial/data",
    ]
    for path in paths:
        for language in ("en", "tr"):
            page.goto(f"{url}{path}?lang={language}")
            assert page.evaluate(WIDER_THAN_ITS_WINDOW) <= 0, f"{path} in {language}"


def test_an_assessment_can_be_completed_without_a_script(served, open_page):
    site, url = served
    page = open_page(java_script_enabled=False)
    person = start(page, site, url)
    assert page.locator("fieldset:visible").count() == 3
    for item in ("r1", "r2", "r3"):
        page.locator(f"#q-{item} label").nth(1).click()
    page.get_by_role("button", name="Continue").click()
    page.locator("input[name=l1][value='1']").check()
    page.locator("input[name=hours][type=text]").fill("38,5")
    page.locator("input[name=shift][value='night']").check()
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/survey/thanks")
    assert site.assessment(person).status == "completed"
    assert site.answers(person)["hours"] == "38.5"


def test_with_a_script_one_question_is_shown_and_each_answer_is_saved_at_once(served, open_page):
    site, url = served
    page = open_page()
    person = start(page, site, url)
    for number, item in enumerate(("r1", "r2", "r3"), start=1):
        assert page.locator("fieldset:visible").count() == 1
        assert f"question {number} of 3" in page.locator("h1").inner_text()
        page.locator(f"#q-{item} label").nth(number).click()
        page.locator("#saved.is-saved").wait_for()
        assert site.answers(person)[item] == str(number + 1)
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/survey/load")
    page.locator("#q-l1 label").first.click()
    page.get_by_role("button", name="Continue").click()
    page.locator("input[name=hours][type=text]").fill(LOAD["hours"])
    page.get_by_role("button", name="Continue").click()
    page.locator("#q-shift label").first.click()
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/survey/thanks")
    assert site.answers(person)["hours"] == LOAD["hours"]
    assert site.assessment(person).status == "completed"
    assert page.get_by_role("heading", name="Thank you. Everything is saved.").is_visible()
    assert page.context.cookies() == []
    page.goto(f"{url}/leave")
    assert page.get_by_role("heading", name="There is no such page").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_help_that_an_answer_asks_for_is_shown_at_once_and_leads_back(make_site, open_page, script):
    with serving(partial(make_site, files=alarming_files())) as (site, url):
        page = open_page(java_script_enabled=script)
        person = start(page, site, url)
        for item, value in WORN.items():
            page.locator(f"input[name={item}][value='{value}']").check()
            if script and item != "r3":
                page.locator("#saved.is-saved").wait_for()
                page.get_by_role("button", name="Continue").click()
        if not script:
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/support")
        assert page.get_by_text("Call 100.").is_visible()
        assert site.answers(person) == WORN
        page.get_by_role("link", name="Back to the questions").click()
        page.wait_for_url("**/survey/load")
        assert page.get_by_role("link", name="Support, if you would like it").is_visible()


def test_a_double_click_on_finish_ends_with_thanks(served, open_page):
    site, url = served
    page = open_page(java_script_enabled=False)
    person = start(page, site, url)
    page.goto(f"{url}/survey/rest")
    page.get_by_role("button", name="Continue").click()
    page.locator("input[name=l1][value='1']").check()
    page.locator("input[name=shift][value='night']").check()
    page.get_by_role("button", name="Finish").dblclick()
    page.wait_for_url("**/survey/thanks**")
    assert "Thank you" in page.locator("h1").inner_text()
    assert site.assessment(person).status == "completed"


def test_an_assessment_can_be_answered_with_the_keyboard_alone(served, open_page):
    site, url = served
    page = open_page()
    person = start(page, site, url)
    page.locator("#q-r1 input").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "go"
        page.keyboard.press("Enter")
    page.wait_for_url("**/survey/load")
    assert site.answers(person) == {"r1": "2", "r2": "2", "r3": "2"}


def test_a_lost_connection_is_told_and_what_was_answered_arrives_later(served, open_page):
    site, url = served
    page = open_page()
    person = start(page, site, url)
    page.context.set_offline(True)
    page.locator("#q-r1 label").nth(3).click()
    page.locator("#saved.is-unsaved").wait_for()
    assert "Not saved yet" in page.locator("#saved").inner_text()
    assert site.answers(person) == {}
    page.context.set_offline(False)
    page.locator("#saved.is-saved").wait_for()
    assert site.answers(person) == {"r1": "4"}


def test_nothing_is_kept_in_the_browser(served, open_page):
    site, url = served
    page = open_page()
    start(page, site, url)
    page.locator("#q-r1 label").first.click()
    page.locator("#saved.is-saved").wait_for()
    assert (
        page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    )


def test_a_fault_takes_the_focus_and_leads_to_its_question(served, open_page):
    _, url = served
    page = open_page(java_script_enabled=False)
    page.goto(f"{url}/s/small-trial/north")
    page.locator("input[name=age]").fill("200")
    page.get_by_role("button", name="Continue").click()
    summary = page.get_by_role("alert")
    summary.wait_for()
    assert summary.evaluate("node => node === document.activeElement")
    summary.get_by_role("link").first.click()
    assert page.url.endswith("#q-age")
    assert page.locator("#q-age").is_visible()


def test_with_a_script_the_question_at_fault_is_the_one_shown(served, open_page):
    site, url = served
    page = open_page()
    start(page, site, url)
    page.goto(f"{url}/survey/load")
    page.locator("#q-l1 label").first.click()
    page.get_by_role("button", name="Continue").click()
    page.locator("input[name=hours][type=text]").fill("500")
    page.get_by_role("button", name="Continue").click()
    page.locator("#e-hours").wait_for()
    assert page.locator("#q-hours").is_visible()
    assert page.locator("fieldset:visible").count() == 1


def test_targets_are_large_enough_for_a_thumb(served, open_page):
    site, url = served
    page = open_page(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    start(page, site, url)
    boxes = [found.bounding_box() for found in page.locator("label.opt, button.go").all()]
    assert boxes
    assert min(box["height"] for box in boxes) >= OPTION_HEIGHT
    for path in ("/survey/rest", "/s/small-trial", "/leave", "/"):
        page.goto(url + path)
        for found in page.locator("a:visible, button:visible").all():
            box = found.bounding_box()
            in_text = found.evaluate("node => getComputedStyle(node).display === 'inline'")
            assert in_text or box["height"] >= SMALLEST_TARGET, found.inner_text()


def test_the_keyboard_s_place_is_always_visible(served, open_page):
    _, url = served
    page = open_page()
    page.goto(f"{url}/s/small-trial")
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


def test_right_to_left_needs_no_second_stylesheet(served, open_page):
    site, url = served
    page = open_page(viewport={"width": 360, "height": 740})
    start(page, site, url)
    page.evaluate("document.documentElement.dir = 'rtl'")
    label, circle = (
        page.locator(f"#q-r1 label {part}".strip()).first.bounding_box() for part in ("", "input")
    )
    assert circle["x"] > label["x"] + label["width"] / 2
    assert page.evaluate(WIDER_THAN_ITS_WINDOW) <= 0


def test_the_console_is_reached_by_signing_in(served, open_page):
    site, url = served
    page = open_page()
    page.goto(f"{url}/console/small-trial")
    page.get_by_label("Your token").fill(site.token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/small-trial")
    assert page.get_by_role("heading", name="Rest at work").is_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
