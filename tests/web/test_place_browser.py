"""A participant's own place in a real browser, on a narrow phone, with a script and without one."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
import zipfile
from pathlib import Path

import pytest
import uvicorn
from factories.lab import Memory
from factories.site import ELIGIBLE, Site
from factories.small_trial import FILES
from playwright.sync_api import expect

from longwave.jobs.tick import Clockwork

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 760}
WIDER_THAN_ITS_WINDOW = "document.documentElement.scrollWidth - innerWidth"
BY_BOTH = {
    **FILES,
    "protocol.yaml": FILES["protocol.yaml"].replace(
        b"reminders: [P3D]", b"reminders: [P3D], channels: [email, sms]"
    ),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory, migrated_sqlite):
    """Give a site that is really served, the caught mail, and the way to send what is due."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "site.db").write_bytes(migrated_sqlite.read_bytes())
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    site = Site(f"sqlite:///{folder / 'site.db'}", folder, files=BY_BOTH, base_url=url)
    server = uvicorn.Server(uvicorn.Config(site.app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    mail = Memory()
    clockwork = Clockwork(site.database, mail, site.keys, url, lambda: site.now)
    yield site, url, mail, clockwork
    server.should_exit = True
    thread.join(10)
    listener.close()
    site.close()


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


@pytest.fixture(params=[True, False], ids=["with a script", "without a script"])
def page(chromium, request):
    context = chromium.new_context(
        viewport=PHONE,
        locale="en-GB",
        timezone_id="Asia/Tokyo",
        java_script_enabled=request.param,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.has_script = request.param
    yield page
    context.close()


def code_in(mail, clockwork, address):
    """Send what is due; return the code in the last mail to an address."""
    clockwork.dispatch()
    body = [letter.body for letter in mail.mails if letter.recipient == address][-1]
    return re.search(r"\b([0-9]{6})\b", body)[1]


def is_narrow(page):
    return not page.has_script or page.evaluate(WIDER_THAN_ITS_WINDOW) <= 0


def test_from_the_link_to_a_new_address_a_copy_and_a_request_for_erasure(served, page):
    site, url, mail, clockwork = served
    person = site.enrol()
    old, new = f"person{person}@clinic.example", f"new{person}@home.example"
    page.goto(url + site.link(person))
    page.get_by_role("button", name="Your own page").click()
    expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()
    assert is_narrow(page)

    page.get_by_role("link", name="Pause messages or leave the study").click()
    page.get_by_role("button", name="Pause messages").click()
    expect(page.locator("main")).to_contain_text("Messages are paused")
    assert is_narrow(page)
    page.get_by_role("link", name="Your own page").click()
    page.get_by_role("button", name="Send me messages again").click()
    assert site.participant(person).messages == "on"

    page.goto(f"{url}/place/download")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("The six digits").fill(code_in(mail, clockwork, old))
    with page.expect_download() as download:
        page.get_by_role("button", name="Get the file").click()
    folder = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {"answers.html", "answers.json", "answers.csv"} < set(folder.namelist())

    page.goto(f"{url}/place/contact")
    assert is_narrow(page)
    page.get_by_label("New address").fill(new)
    page.locator("#email").get_by_role("button", name="Send me a code").click()
    page.get_by_label("The six digits").fill("000000")
    page.get_by_role("button", name="Use the new one").click()
    expect(page.locator("main")).to_contain_text("That is not the code.")
    page.get_by_label("The six digits").fill(code_in(mail, clockwork, new))
    page.get_by_role("button", name="Use the new one").click()
    expect(page.locator("#email")).to_contain_text("n•••@home.example")
    clockwork.dispatch()
    told = [letter.subject for letter in mail.mails if letter.recipient == old]
    assert "Your messages go elsewhere now" in told

    # To an address that was changed a moment ago no such code goes; so somebody else asks for it.
    other = site.enrol()
    page.goto(url + site.link(other))
    page.get_by_role("button", name="Your own page").click()
    page.goto(f"{url}/leave/erase")
    page.get_by_role("button", name="Stop messages and send me a code").click()
    assert site.participant(other).messages == "paused"
    page.get_by_label("The six digits").fill(
        code_in(mail, clockwork, f"person{other}@clinic.example")
    )
    page.get_by_role("button", name="Ask for erasure").click()
    expect(page.get_by_role("status")).to_contain_text("to have your data erased")
    assert is_narrow(page)


def test_the_device_s_time_zone_is_offered_and_what_is_chosen_holds(served, page):
    url = served[1]
    page.goto(f"{url}/s/small-trial/north")
    page.fill("[name=age]", ELIGIBLE["age"])
    page.get_by_role("button", name="Türkçe").click()
    expect(page.locator("html")).to_have_attribute("lang", "tr")
    expect(page.locator("[name=age]")).to_have_value(ELIGIBLE["age"])
    page.get_by_role("button", name="English").click()
    page.check("[name=licensed][value=yes]")
    page.locator("[name=age]").press("Enter")
    offered = "Asia/Tokyo" if page.has_script else "Europe/Istanbul"
    expect(page.locator("[name=zone]")).to_have_value(offered)
    assert is_narrow(page)
    page.check("[name=read]")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your e-mail address").fill(f"{page.has_script}@zone.example")
    page.get_by_role("button", name="Sign and take part").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    place = "Tokyo" if page.has_script else "Istanbul"
    expect(page.locator("main")).to_contain_text(f"by the clock of {place}")
    assert is_narrow(page)


def test_leaving_takes_a_tick_besides_the_button(served, page):
    site, url, _, _ = served
    person = site.enrol()
    page.goto(url + site.link(person))
    page.get_by_role("button", name="Your own page").click()
    page.goto(f"{url}/leave")
    page.get_by_role("button", name="Leave the study").click()
    assert site.participant(person).follow_up == "active"
    page.get_by_label("Yes, I want to leave the study.").check()
    page.get_by_role("button", name="Leave the study").click()
    page.get_by_text("You have left the study.").wait_for()
    assert site.participant(person).follow_up == "withdrawn"
