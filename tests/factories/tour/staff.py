"""Stops of the team's tour: the console."""

from __future__ import annotations

from factories.tour.stops import stop
from factories.tour.world import SLUG, WORN_OUT, Tour


@stop("/console/sign-in", "console/sign_in")
def sign_in(tour: Tour) -> None:
    tour.go("/console/sign-in")


@stop("/console/sign-in", "console/sign_in", "refused")
def sign_in_refused(tour: Tour) -> None:
    tour.go("/console/sign-in")
    tour.page.locator("input[name=token]").fill("guess")
    tour.press()


@stop("/console", "console/studies")
def studies(tour: Tour) -> None:
    tour.sign_in("/console")


@stop("/console/{slug}", "console/home")
def home(tour: Tour) -> None:
    tour.world.in_programme()
    tour.sign_in(f"/console/{SLUG}")


@stop("/console/{slug}", "console/problem", "unknown")
def unknown(tour: Tour) -> None:
    tour.sign_in("/console/nowhere")


@stop("/console/{slug}/participants", "console/participants")
def participants(tour: Tour) -> None:
    tour.world.in_programme()
    tour.sign_in(f"/console/{SLUG}/participants")


@stop("/console/{slug}/alerts", "console/alerts")
def alerts(tour: Tour) -> None:
    tour.world.complete(tour.world.enrol(), "w0", WORN_OUT)
    tour.sign_in(f"/console/{SLUG}/alerts")
    assert tour.page.locator("main textarea").count()


@stop("/console/{slug}/alerts/{name}", "console/alerts", "refused")
def alert_refused(tour: Tour) -> None:
    alerts(tour)
    tour.page.locator("main textarea").first.evaluate("field => { field.required = false; }")
    tour.press("main li button.go")


@stop("/console/{slug}/alerts", "console/alerts", "looked after")
def alerts_looked_after(tour: Tour) -> None:
    alerts(tour)
    tour.page.locator("main textarea").first.fill("A call.")
    tour.press("main li button.go")
    tour.go(f"/console/{SLUG}/alerts?acknowledged=true")


@stop("/console/{slug}/data", "console/data")
def data(tour: Tour) -> None:
    tour.sign_in(f"/console/{SLUG}/data")


@stop("/console/mail", "console/mails")
def mails(tour: Tour) -> None:
    tour.sign_in("/console/mail")


@stop("/console/mail/{name}", "console/mail")
def mail(tour: Tour) -> None:
    tour.sign_in("/console/mail/one.eml")
