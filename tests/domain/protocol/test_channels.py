"""By what participants may be reached."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault
from factories.small_trial import FILES

from longwave.domain.lifecycle import Channel
from longwave.domain.protocol import read_protocol


def read(channels):
    text = FILES["protocol.yaml"].decode()
    text = text.replace("reminders: [P3D]", f"reminders: [P3D]{channels}")
    return read_protocol({**FILES, "protocol.yaml": text.encode()}).messages.channels


def test_mail_is_the_way_if_nothing_is_said():
    assert read("") == (Channel.EMAIL,)


@pytest.mark.parametrize(
    ("said", "channels"),
    [
        ("[sms]", (Channel.SMS,)),
        ("[sms, email]", (Channel.SMS, Channel.EMAIL)),
    ],
)
def test_the_first_is_the_usual_one(said, channels):
    assert read(f", channels: {said}") == channels


@pytest.mark.parametrize("said", ["[]", "[fax]", "[sms, sms]"])
def test_what_is_no_list_of_ways_is_a_fault(small, said):
    broken = Broken(
        "messages.channels",
        "messages:\n",
        f"messages:\n  channels: {said}\n",
        "no list of ways",
        "[email, sms]",
        f"channels: {said}",
    )
    assert_only_fault(small, broken)
