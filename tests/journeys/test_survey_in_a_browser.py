"""Questionnaires in a real browser: every kind of question, lost connections, two devices."""

from __future__ import annotations

import shutil
import time

import pytest
from factories.asking import ANSWERS, ASIDE, FILES
from factories.browsing import Devices, launched, served
from factories.processes import eventually

pytestmark = pytest.mark.browser

TROUBLES = """() => {
    const found = [], root = document.documentElement;
    const measure = (what) => {
        if (root.scrollWidth > innerWidth) found.push(`wider than the window ${what}`);
    };
    measure("as it is");
    root.style.setProperty("font-size", "200%");
    measure("in large type");
    root.style.removeProperty("font-size");
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    found.push(...ids.filter((id, place) => ids.indexOf(id) !== place));
    for (const name of ["aria-labelledby", "aria-describedby"]) {
        for (const node of document.querySelectorAll(`[${name}]`)) {
            const named = node.getAttribute(name).split(" ");
            found.push(...named.filter((id) => !ids.includes(id)));
        }
    }
    return found;
}"""
STORED_IN_BROWSER = """async () => localStorage.length + sessionStorage.length
    + document.cookie.length + (await indexedDB.databases()).length"""
WARNS = """() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }))"""


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def study(migrated_sqlite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asking")
    path = folder / "asking.db"
    shutil.copyfile(migrated_sqlite, path)
    with served(path, folder, FILES) as found:
        yield found


@pytest.fixture
def devices(chromium):
    found = Devices(chromium)
    yield found
    found.close()


@pytest.fixture
def person(study):
    return study.site.enrol()


def start(page, study, person):
    """Follow the link and press the button."""
    page.goto(study.link(person))
    page.locator("main button.go").click()
    page.wait_for_url("**/survey/*")


def step(page, item):
    """Return a question, once it is the one that is shown."""
    found = page.locator(f"#q-{item}")
    found.wait_for()
    return found


def answer(page, item):
    """Answer a question of those that are shown."""
    value, box = ANSWERS[item], page.locator(f"#q-{item}")
    typed = box.locator(f"[name={item}]:not([type=checkbox], [type=radio])")
    if typed.count():
        typed.fill(value)
    else:
        for one in value.split():
            box.locator(f"[name={item}][value='{one}']").check()
    if item in ASIDE:
        box.locator(f"[name={item}__other]").fill(ASIDE[item])


def saved(page):
    page.locator("#saved.is-saved").wait_for()


def onward(page):
    """Press the button, and wait until something else is shown."""
    before = page.locator(".item:visible").first.get_attribute("data-item")
    page.locator("#go").click()
    page.wait_for_function(
        "before => !document.querySelector(`#q-${before}:not([hidden])`)", arg=before
    )


def go_to(page, item):
    """Pass over questions until one is shown."""
    while not page.locator(f"#q-{item}").is_visible():
        onward(page)
    return page.locator(f"#q-{item}")


# --- from the link to the end -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "script", "language"),
    [(360, True, "ar"), (360, False, "en"), (1280, True, "en"), (1280, False, "ar")],
)
def test_every_kind_of_question_is_answered_looked_over_and_handed_in(
    study, devices, width, script, language
):
    person = study.site.enrol(language=language)
    page = devices.page(width=width, script=script, language=language)
    start(page, study, person)
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    while "/survey/check-answers" not in page.url:
        shown = page.locator(".item:visible")
        assert shown.count() == 1 or not script
        assert page.evaluate(TROUBLES) == []
        names = [box.get_attribute("data-item") for box in shown.all()]
        for name in names:
            if name in ANSWERS:
                answer(page, name)
        onward(page)
    assert study.site.answers(person) == ANSWERS
    assert page.evaluate(TROUBLES) == []
    assert page.get_by_text("<b>Ward 7</b>", exact=True).is_visible()
    page.locator("main button.go").click()
    page.wait_for_url("**/survey/thanks")
    assert study.site.assessment(person).status == "completed"


def test_the_review_leads_to_a_question_and_back(study, devices, person):
    page = devices.page()
    start(page, study, person)
    go_to(page, "works_nights").locator("input[value=no]").check()
    go_to(page, "agree").get_by_label("I agree").check()
    while "/survey/check-answers" not in page.url:
        onward(page)
    assert page.get_by_text("How many nights").count() == 0
    page.get_by_role("link", name="Change Do you work at night?").click()
    page.locator("#q-works_nights input[value=yes]").check()
    page.locator("#go").click()
    page.locator("#q-nights input").first.fill("3")  # what is asked now, before all else
    page.locator("#go").click()
    page.wait_for_url("**/survey/check-answers")
    assert page.get_by_text("3 nights").is_visible()
    assert study.site.assessment(person).status == "started"


def test_somebody_goes_on_at_the_first_open_question_on_another_device(study, devices, person):
    phone, desk = devices.page(), devices.page(width=1280)
    start(phone, study, person)
    answer(phone, "role")
    saved(phone)
    start(desk, study, person)
    assert desk.locator("#q-ward").is_visible()
    assert desk.locator(".item:visible").count() == 1


# --- when the connection is lost ----------------------------------------------------------------


def test_answers_wait_in_the_page_until_the_network_is_back(study, devices, person):
    page = devices.page()
    start(page, study, person)
    answer(page, "role")
    saved(page)
    page.context.set_offline(True)
    onward(page)
    answer(page, "ward")
    onward(page)
    answer(page, "works_nights")
    page.locator("#saved.is-unsaved").wait_for()
    told = "Not saved yet: no connection. Keep this page open."
    assert page.get_by_role("status").inner_text() == told
    assert page.evaluate(WARNS)
    page.locator("#go").click()  # what follows hangs on the answer, and waits with it
    assert page.locator("#q-works_nights").is_visible()
    assert set(study.site.answers(person)) == {"role"}
    page.context.set_offline(False)
    page.locator("#q-nights").wait_for()
    asked = ("role", "ward", "works_nights")
    assert study.site.answers(person) == {name: ANSWERS[name] for name in asked}
    assert not page.evaluate(WARNS)
    assert page.evaluate(STORED_IN_BROWSER) == 0


def test_answers_wait_in_the_page_until_the_server_is_back(study, devices, person):
    page = devices.page(width=1280)
    start(page, study, person)
    study.stop()
    try:
        answer(page, "role")
        page.locator("#saved.is-unsaved").wait_for()
        onward(page)
        answer(page, "ward")
    finally:
        study.start()
    wanted = {name: ANSWERS[name] for name in ("role", "ward")}
    assert eventually(lambda: study.site.answers(person) == wanted)  # the last one was being typed
    saved(page)
    onward(page)
    assert page.locator("#q-works_nights").is_visible()


def test_a_server_in_trouble_is_tried_again_and_one_that_refuses_is_not(study, devices, person):
    page = devices.page()
    start(page, study, person)
    tries = []

    def fail(route, status):
        tries.append(status)
        route.fulfill(status=status, json={})

    def sign_in(route):
        route.fulfill(status=200, content_type="text/html", body="<p>Welcome to this network</p>")

    page.route("**/survey/about/role", lambda route: fail(route, 503))
    page.route("**/survey/about/role", sign_in, times=1)  # it is no answer of the study's
    page.locator("#q-role input[value=nurse]").check()
    page.locator("#saved.is-unsaved").wait_for()
    assert tries == []
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_function("() => document.querySelector('#saved.is-unsaved')")
    assert "does not answer" in page.get_by_role("status").inner_text()
    page.wait_for_timeout(1500)
    assert len(tries) > 1
    page.unroute("**/survey/about/role")
    page.route("**/survey/about/role", lambda route: fail(route, 403))
    tries.clear()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_function("() => document.querySelector('#saved').textContent.includes('expired')")
    page.wait_for_timeout(1500)
    assert tries == [403]


def test_an_answer_that_arrived_unseen_is_no_other_device_s(study, devices, person):
    page = devices.page()
    start(page, study, person)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/survey/about/role", lose, times=1)
    page.locator("#q-role input[value=nurse]").check()
    page.locator("#saved.is-unsaved").wait_for()
    page.locator("#q-role input[value=doctor]").check()
    saved(page)
    assert study.site.answers(person) == {"role": "doctor"}
    assert page.locator(".dispute").count() == 0


def test_what_is_being_typed_is_saved_when_the_page_goes_out_of_sight(study, devices, person):
    page = devices.page()
    start(page, study, person)
    go_to(page, "works_nights").locator("input[value=yes]").check()
    onward(page)
    page.locator("#q-nights input[name=nights]").first.press_sequentially("9")
    page.close()
    deadline = time.monotonic() + 10
    while "nights" not in study.site.answers(person):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert study.site.answers(person)["nights"] == "9"


def test_without_a_script_a_page_that_was_lost_can_be_sent_again(study, devices, person):
    page = devices.page(script=False)
    start(page, study, person)
    for item in ("role", "ward", "works_nights"):
        answer(page, item)
    page.context.set_offline(True)
    page.locator("#go").click()
    page.wait_for_url("chrome-error://**")
    assert study.site.answers(person) == {}
    page.context.set_offline(False)
    page.reload()
    page.locator("#q-nights").wait_for()
    assert set(study.site.answers(person)) == {"role", "ward", "works_nights"}


# --- two devices --------------------------------------------------------------------------------


@pytest.mark.parametrize(("choice", "stands"), [("here", "doctor"), ("there", "nurse")])
def test_two_devices_ask_which_answer_counts(study, devices, person, choice, stands):
    phone, desk = devices.page(), devices.page(width=1280)
    for page in (phone, desk):
        start(page, study, person)
    phone.locator("#q-role input[value=nurse]").check()
    saved(phone)
    desk.locator("#q-role input[value=doctor]").check()
    box = desk.get_by_role("group", name="Which answer counts?")
    box.wait_for()
    assert "Nurse" in box.inner_text()
    assert "Doctor" in box.inner_text()
    assert study.site.answers(person) == {"role": "nurse"}
    box.locator(f"[data-choose={choice}]").click()
    saved(desk)
    assert desk.locator(f"#q-role input[value={stands}]").is_checked()
    assert study.site.answers(person) == {"role": stands}
    onward(desk)
    assert desk.locator("#q-ward").is_visible()


@pytest.mark.parametrize(("choice", "stands"), [("here", "Ward 2"), ("there", "Ward 1")])
def test_two_devices_ask_without_a_script_too(study, devices, person, choice, stands):
    phone, desk = (devices.page(script=False, width=width) for width in (360, 1280))
    for page, ward in ((phone, "Ward 1"), (desk, "Ward 2")):
        start(page, study, person)
        page.locator("[name=ward][type=text]").fill(ward)
    phone.locator("#go").click()
    phone.locator("#q-role").wait_for(state="detached")
    desk.locator("#go").click()
    box = desk.locator("#q-ward .dispute")
    box.wait_for()
    assert "Ward 1" in box.inner_text()
    assert "Ward 2" in box.inner_text()
    assert study.site.answers(person)["ward"] == "Ward 1"
    desk.locator("#go").click()  # without having chosen
    box.wait_for()
    desk.locator(f"input[name=ward__counts][value={choice}]").check()
    desk.locator("#go").click()
    box.wait_for(state="detached")
    assert study.site.answers(person)["ward"] == stands


def test_an_answer_that_waited_for_the_network_overwrites_no_other_device_s(study, devices, person):
    phone, desk = devices.page(), devices.page(width=1280)
    start(phone, study, person)
    phone.context.set_offline(True)
    phone.locator("#q-role input[value=nurse]").check()
    phone.locator("#saved.is-unsaved").wait_for()
    onward(phone)
    start(desk, study, person)
    desk.locator("#q-role input[value=doctor]").check()
    saved(desk)
    phone.context.set_offline(False)
    box = phone.locator("#q-role").get_by_role("group", name="Which answer counts?")
    box.wait_for()
    assert study.site.answers(person) == {"role": "doctor"}
    box.locator("[data-choose=there]").click()
    assert phone.locator("#q-role input[value=doctor]").is_checked()
    saved(phone)
    assert study.site.answers(person) == {"role": "doctor"}


def test_a_page_out_of_the_browser_s_memory_shows_what_is_saved(study, devices, person):
    phone, desk = devices.page(), devices.page(width=1280)
    for page in (phone, desk):
        start(page, study, person)
    desk.locator("#q-role input[value=doctor]").check()
    saved(desk)
    with phone.expect_navigation():
        phone.evaluate(
            "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
        )
    phone.locator("#q-role input[value=doctor]:checked").wait_for(state="attached")


# --- another language -------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_another_language_keeps_the_place_and_what_is_typed(study, devices, person, script):
    page = devices.page(script=script)
    start(page, study, person)
    if script:
        go_to(page, "works_nights")
    page.locator("#q-works_nights input[value=yes]").check()
    page.locator("#go").click()
    field = page.locator("#q-nights input[name=nights]").first
    field.fill("99")
    page.get_by_role("button", name="العربية").click()
    page.wait_for_url("**page=2&lang=ar**")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("#e-nights").wait_for()  # what is wrong with it is said in that language
    assert "Please" not in page.locator("#e-nights").inner_text()
    assert field.input_value() == "99"
    field.fill("9")
    page.get_by_role("button", name="English").click()
    page.wait_for_url("**page=2&lang=en**")
    assert field.input_value() == "9"
    assert study.site.answers(person)["nights"] == "9"
    field.press("Enter")
    page.locator("#q-why").wait_for()
    assert "lang=en" in page.url


def test_a_link_waits_for_an_answer_that_is_on_its_way(study, devices, person):
    page = devices.page()
    start(page, study, person)
    held = []

    def hold(route):
        held.append(route)

    page.route("**/survey/about/ward", hold)
    page.on("dialog", lambda dialog: devices.complaints.append(dialog.type))
    go_to(page, "ward").locator("[name=ward]").first.type("Ward 7")
    page.get_by_role("link", name="I need support").click()
    page.locator("#saved[data-kind=saving]").wait_for()
    assert "/survey/about" in page.url
    held[0].continue_()
    page.wait_for_url("**/support**")
    assert study.site.answers(person)["ward"] == "Ward 7"


def test_a_tab_saves_nothing_into_the_questionnaire_that_another_tab_has_opened(study, devices):
    mine, yours = study.site.enrol(), study.site.enrol()
    page = devices.page()
    start(page, study, mine)
    answer(page, "role")
    saved(page)
    start(page.context.new_page(), study, yours)
    onward(page)
    answer(page, "ward")
    page.locator("#go").click()
    page.wait_for_function("() => document.querySelector('#saved').textContent.includes('expired')")
    assert study.site.answers(yours) == {}
    assert set(study.site.answers(mine)) == {"role"}


# --- back and forth -----------------------------------------------------------------------------


def test_the_browser_s_back_button_goes_question_by_question_and_page_by_page(
    study, devices, person
):
    page = devices.page()
    start(page, study, person)
    for item in ("role", "ward", "works_nights", "nights"):
        go_to(page, item)
        answer(page, item)
    onward(page)
    for item in ("nights", "works_nights", "ward", "role"):
        page.go_back()
        page.locator(f"#q-{item}").wait_for()
    assert page.locator("#q-role input[value=other]").is_checked()
    assert page.locator("#q-role input[name=role__other]").input_value() == ASIDE["role"]
    page.go_forward()
    assert page.locator("#q-ward [name=ward][type=text]").input_value() == ANSWERS["ward"]


def test_back_leads_to_the_question_before_across_pages(study, devices, person):
    page = devices.page()
    start(page, study, person)
    go_to(page, "works_nights").locator("input[value=yes]").check()
    onward(page)
    page.locator("#q-nights").wait_for()
    page.get_by_role("button", name="Back").click()
    page.locator("#q-works_nights").wait_for()
    assert page.locator(".item:visible").count() == 1
    page.get_by_role("button", name="Back").click()
    page.locator("#q-ward").wait_for()


# --- what is typed, moved and measured ----------------------------------------------------------


def test_what_is_wrong_is_said_beside_the_question_which_stays(study, devices, person):
    page = devices.page()
    start(page, study, person)
    go_to(page, "works_nights").locator("input[value=yes]").check()
    onward(page)
    field = page.locator("#q-nights input[name=nights]").first
    page.locator("#q-nights input[name=nights]:focus").wait_for()
    field.fill("99")
    page.locator("#go").click()
    fault = page.locator("#e-nights")
    fault.wait_for()
    assert fault.inner_text() == "Please type a number from 1 to 31."
    assert "e-nights" in field.get_attribute("aria-describedby")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.evaluate("node => node === document.activeElement")
    assert "nights" not in study.site.answers(person)
    field.fill("9")
    onward(page)
    assert study.site.answers(person)["nights"] == "9"


def test_a_slider_that_nobody_touches_answers_nothing(study, devices, person):
    page = devices.page()
    start(page, study, person)
    slider = go_to(page, "tired").get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "not answered yet"
    onward(page)
    assert "tired" not in study.site.answers(person)
    page.go_back()
    slider.focus()
    page.keyboard.press("Enter")  # where it stands
    saved(page)
    assert study.site.answers(person)["tired"] == "50"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('#q-tired [name=tired]').value === '95'")
    saved(page)
    assert study.site.answers(person)["tired"] == "95"
    page.locator("#q-tired [name=tired]").first.fill("20")
    assert slider.input_value() == "20"
    page.locator("#q-tired").get_by_label("I prefer not to answer").check()
    saved(page)
    assert study.site.answers(person)["tired"] == "(refused)"
    assert slider.get_attribute("aria-valuetext") == "not answered yet"


def test_answers_that_exclude_each_other_do(study, devices, person):
    page = devices.page()
    start(page, study, person)
    go_to(page, "works_nights").locator("input[value=yes]").check()
    onward(page)
    answer(page, "nights")
    onward(page)
    box = page.locator("#q-why")
    box.locator("[value=pay]").check()
    box.locator("[value=none]").check()
    assert not box.locator("[value=pay]").is_checked()
    box.locator("[name=why__other]").fill("the quiet")
    assert box.locator("[value=other]").is_checked()
    assert not box.locator("[value=none]").is_checked()
    box.get_by_label("I prefer not to answer").check()
    assert not box.locator("[value=other]").is_checked()
    onward(page)
    assert study.site.answers(person)["why"] == "(refused)"


def test_a_question_is_timed_only_while_it_is_in_sight(study, devices, person):
    page = devices.page()
    start(page, study, person)
    page.evaluate("""() => {
        const hide = (hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        };
        hide(true);
        window.showAgain = () => hide(false);
    }""")
    page.wait_for_timeout(1500)
    page.evaluate("window.showAgain()")
    page.wait_for_timeout(300)
    page.locator("#q-role input[value=nurse]").check()
    saved(page)
    assert 300 <= study.site.milliseconds(person, "role") < 1500


def test_without_a_script_pages_are_complete_and_hang_together(study, devices, person):
    page = devices.page(script=False)
    start(page, study, person)
    names = page.locator(".item").evaluate_all("items => items.map((item) => item.dataset.item)")
    assert names == ["role", "ward", "works_nights"]
    page.locator("input[name=works_nights][value=yes]").check()
    page.locator("#go").click()
    page.wait_for_url("**/survey/about?page=2")
    assert page.locator("input[type=range]").count() == 0
    page.locator("input[name=nights][type=text]").fill("99")
    page.locator("#go").click()
    page.locator("#e-nights").wait_for()
    assert page.locator("[name=nights]").first.evaluate("node => node === document.activeElement")
