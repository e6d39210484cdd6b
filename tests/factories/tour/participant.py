"""Stops of participants' tour: from a study's public page to their own place."""

from __future__ import annotations

from factories.tour.stops import stop
from factories.tour.world import SLUG, WORN_OUT, Tour
from longwave.domain.eligibility import FULL
from longwave.services import withdrawal
from longwave.storage.tables import Participant

# --- entry ---------------------------------------------------------------------------------------


@stop("/", "participant/front")
def front(tour: Tour) -> None:
    tour.go("/")


@stop("/s/{slug}", "participant/study")
def study(tour: Tour) -> None:
    tour.go(f"/s/{SLUG}")


@stop("/privacy/{slug}", "participant/privacy")
def privacy(tour: Tour) -> None:
    tour.go(f"/privacy/{SLUG}")


@stop("/nowhere", "participant/problem")
def nowhere(tour: Tour) -> None:
    tour.go("/nowhere")


@stop("/s/{slug}/{site}", "participant/eligibility")
def screening(tour: Tour) -> None:
    tour.go(f"/s/{SLUG}/ankara")


@stop("/s/{slug}/{site}", "participant/eligibility", "refused")
def screening_refused(tour: Tour) -> None:
    tour.go(f"/s/{SLUG}/ankara")
    tour.press()


@stop("/s/{slug}/{site}", "participant/ineligible", "ineligible")
def ineligible(tour: Tour) -> None:
    tour.screen(age="17")


@stop("/enrol/consent", "participant/full", "full")
def full(tour: Tour) -> None:
    tour.screen()
    newest = max(person.id for person in tour.world.rows(Participant))
    tour.world.change(newest, stage="ineligible", ineligible_reason=FULL, screening=None)
    tour.go("/enrol/consent")


@stop("/enrol/consent", "participant/consent")
def consent(tour: Tour) -> None:
    tour.screen()


@stop("/enrol/consent", "participant/consent", "refused")
def consent_refused(tour: Tour) -> None:
    tour.screen()
    tour.press()


@stop("/enrol/consent", "participant/consent", "by telephone")
def consent_by_both(tour: Tour) -> None:
    tour.go("/s/small-trial/north")
    tour.page.locator("input[name=age]").fill("34")
    tour.page.locator("input[name=licensed][value=yes]").check()
    tour.press()
    tour.page.locator("input[name=phone]").fill("12")
    tour.press()


@stop("/enrol/done", "participant/enrolled")
def signed(tour: Tour) -> None:
    tour.sign()


@stop("/consent", "participant/consent", "again")
def consent_again(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.come_as(person)
    tour.world.forget_consent(person)
    tour.go("/consent")


# --- a personal link -----------------------------------------------------------------------------


@stop("/l/{token}", "participant/landing", "ready")
def ready(tour: Tour) -> None:
    tour.go(tour.world.link(tour.world.enrol()))


@stop("/l/{token}", "participant/landing", "started")
def started(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.begin(person, "w0")
    tour.go(tour.world.link(person))


@stop("/l/{token}", "participant/landing", "used")
def used(tour: Tour) -> None:
    tour.go(tour.world.link(tour.world.randomise()))


@stop("/l/{token}", "participant/landing", "over")
def over(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.act(person, withdrawal.withdraw)
    tour.go(tour.world.link(person))


@stop("/l/{token}", "participant/landing", "early")
def early(tour: Tour) -> None:
    tour.go(tour.world.link(tour.world.randomise(), "w1"))


@stop("/l/{token}/today", "participant/today")
def today(tour: Tour) -> None:
    tour.go(f"{tour.world.link(tour.world.in_programme())}/today")


# --- questions -----------------------------------------------------------------------------------


@stop("/survey/{instrument_id}", "participant/questions")
def questions(tour: Tour) -> None:
    tour.come_as(tour.world.enrol())


@stop("/survey/{instrument_id}", "participant/questions", "last")
def last_questions(tour: Tour) -> None:
    tour.come_as(tour.world.enrol(), "/survey/proqol_5")


@stop("/survey/{instrument_id}", "participant/questions", "refused")
def questions_refused(tour: Tour) -> None:
    tour.come_as(tour.world.asked())
    tour.send(role="astronaut")


@stop("/survey/{instrument_id}", "participant/questions", "of every kind")
def every_kind(tour: Tour) -> None:
    """Look at all questions of a page at once, as they are without a script."""
    person = tour.world.asked()
    tour.world.answer_all(person)
    tour.come_as(person, "/survey/evening?edit=1")
    tour.page.evaluate(
        """() => {
          document.getElementById('survey').classList.remove('stepped');
          for (const item of document.querySelectorAll('.item')) item.hidden = false;
        }"""
    )
    assert tour.page.locator(".item").count() > 7


@stop("/survey/{instrument_id}", "participant/questions", "answered twice")
def answered_twice(tour: Tour) -> None:
    person = tour.world.asked()
    tour.come_as(person)
    tour.world.answer_one(person, "about", "role", "nurse")
    tour.send(role="doctor")
    assert tour.page.locator(".dispute").is_visible()


@stop("/survey/check-answers", "participant/review")
def review(tour: Tour) -> None:
    person = tour.world.asked()
    tour.world.answer_all(person)
    tour.come_as(person, "/survey/check-answers")


@stop("/survey/thanks", "participant/thanks")
def thanks(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.fill(person, "w0")
    tour.come_as(person, "/survey/proqol_5")
    tour.send()


@stop("/survey/thanks/complete", "participant/thanks")
def complete_already(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.come_as(person)
    tour.world.complete(person, "w0")
    tour.go("/survey/thanks/complete")


@stop("/survey/stopped", "participant/stopped")
def stopped(tour: Tour) -> None:
    questions(tour)
    tour.press("button[value=stop]")


@stop("/survey/stopped", "participant/stopped", "with help")
def stopped_with_help(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.fill(person, "w0", WORN_OUT, pages=2)
    tour.come_as(person, "/survey/proqol_5")
    tour.press("button[value=stop]")


# --- support -------------------------------------------------------------------------------------


@stop("/support", "participant/support")
def support(tour: Tour) -> None:
    tour.go("/support")


@stop("/support", "participant/support", "asked for")
def support_asked_for(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.fill(person, "w0", WORN_OUT, pages=2)
    tour.come_as(person, "/support")


@stop("/support/{slug}", "participant/support")
def support_of_study(tour: Tour) -> None:
    tour.go(f"/support/{SLUG}")


# --- the own place -------------------------------------------------------------------------------

CONFIRMS = "a tick that confirms a press of the button"


@stop("/place", "participant/place")
def place(tour: Tour) -> None:
    tour.come_home(tour.world.in_programme())


@stop("/place", "participant/place", "paused")
def place_paused(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.act(person, withdrawal.pause_messages)
    tour.come_home(person)


@stop("/place", "participant/place", "left")
def place_left(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.act(person, withdrawal.withdraw)
    tour.come_home(person)


@stop("/place/contact", "participant/contact")
def contact(tour: Tour) -> None:
    tour.come_home(tour.world.asked(), "/place/contact")


@stop("/place/contact/{fact}", "participant/contact", "refused")
def contact_refused(tour: Tour) -> None:
    contact(tour)
    tour.page.locator("input[name=email]").fill("nowhere")
    tour.press("#email-new button")


@stop("/place/contact", "participant/contact", "with a code")
def contact_with_code(tour: Tour) -> None:
    contact(tour)
    tour.page.locator("input[name=email]").fill("elsewhere@clinic.example")
    tour.press("#email-new button")
    assert tour.page.locator("#email-code").is_visible()


@stop("/place/download", "participant/download")
def download(tour: Tour) -> None:
    tour.come_home(tour.world.enrol(), "/place/download")


@stop("/place/download", "participant/download", "with a code")
def download_with_code(tour: Tour) -> None:
    download(tour)
    tour.press()


@stop("/leave", "participant/leave", loses=CONFIRMS)
def leave(tour: Tour) -> None:
    tour.come_home(tour.world.enrol(), "/leave")


@stop("/leave", "participant/leave", "paused", loses=CONFIRMS)
def leave_paused(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.act(person, withdrawal.pause_messages)
    tour.come_home(person, "/leave")


@stop("/leave", "participant/leave", "left")
def left(tour: Tour) -> None:
    person = tour.world.enrol()
    tour.world.act(person, withdrawal.withdraw)
    tour.come_home(person, "/leave")


@stop("/leave/erase", "participant/erase")
def erase(tour: Tour) -> None:
    tour.come_home(tour.world.enrol(), "/leave/erase")


@stop("/leave/erase", "participant/erase", "refused")
def erase_refused(tour: Tour) -> None:
    erase(tour)
    tour.press()
    tour.page.locator("input[name=code]").fill("1")
    tour.press()


# --- the programme -------------------------------------------------------------------------------


@stop("/practice", "participant/practice")
def practice(tour: Tour) -> None:
    tour.come_to_practice()


@stop("/practice/{number}", "participant/session")
def session(tour: Tour) -> None:
    tour.come_to_practice("/practice/2")


@stop("/practice/{number}/done", "participant/session", "refused")
def session_refused(tour: Tour) -> None:
    session(tour)
    tour.page.locator("input[name=minutes]").fill("long")
    tour.press()


@stop("/practice/{number}", "participant/session", "done")
def session_done(tour: Tour) -> None:
    tour.come_to_practice("/practice/1")
