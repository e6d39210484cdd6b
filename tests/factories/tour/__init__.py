"""Every page that people see, and how one comes to it: one list that the tests of pages walk."""

from factories.tour import participant, staff
from factories.tour.stops import STOPS, Stop
from factories.tour.world import SLUG, Tour, World

__all__ = ["NO_PAGES", "NO_TEMPLATES", "SLUG", "STOPS", "Stop", "Tour", "World"]

del participant, staff  # they only had to be read: each adds its stops

NO_PAGES = {
    "/enrol/done/calendar": "a file for a calendar",
    "/place/calendar": "a file for a calendar",
    "/place/contact/{fact}/code": "leads back",
    "/place/download/code": "leads back",
    "/leave/erase/code": "leads back",
    "/survey": "leads on to the first open page",
    "/practice/{number}/audio": "sound",
    "/console/{slug}/data.zip": "a download",
    "/console/analysis": "the report, as the analysis wrote it",
    "/healthz": "for programs",
    "/healthz/clockwork": "for programs",
}
"""Routes that answer GET and are no pages of ours, with the reason."""

NO_TEMPLATES = {
    "participant/contact_parts.html",
    "participant/copy.html",  # goes into a participant's copy of her answers
    "participant/items.html",
    "participant/layout.html",
    "participant/parts.html",
    "participant/signature.html",  # goes into the copy of a consent
    "participant/steps.html",
    "console/bare.html",
    "console/layout.html",
    "console/parts.html",
}
"""What pages are made of, or what is no page of this site."""
