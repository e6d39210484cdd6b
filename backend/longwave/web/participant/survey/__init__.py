"""An assessment's pages: questions, saved as they are answered; a review; the end."""

from fastapi import APIRouter

from longwave.web.participant.survey import answering, closing, pages, review
from longwave.web.participant.survey.sheet import first_page

__all__ = ["first_page", "router"]

router = APIRouter()
# The pages take any name below /survey: those with names of their own come first.
for _module in (closing, review, pages, answering):
    router.include_router(_module.router)
