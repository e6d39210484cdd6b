"""What messages say: neutral, in the participant's language, with nothing of topic or arm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from longwave.i18n import translator


@dataclass(frozen=True, slots=True)
class MessageText:
    """A subject and a plain body."""

    subject: str
    body: str


def compose(
    kind: str, *, language: str, link: str, closes_at: datetime, zone: str, trial_run: bool
) -> MessageText:
    """Write an ``invitation`` or a ``reminder``."""
    say = translator(language)
    subjects = {
        "invitation": say("Your next questionnaire is ready"),
        "reminder": say("A reminder: your questionnaire is still open"),
    }
    until = say.time(closes_at, zone)
    paragraphs = [
        say("Hello,"),
        say("the next questionnaire of the study that you take part in is ready for you:"),
        link,
        say(
            "You can answer until {until}. The link is yours alone; please do not pass it on."
        ).format(until=until),
        say("You may stop at any time, and pause messages or leave the study on the same page."),
    ]
    if trial_run:
        paragraphs.append(say("This is a trial run with practice data."))
    return MessageText(subjects[kind], "\n\n".join(paragraphs) + "\n")
