"""SMS through a real gateway that takes, refuses, or says nothing."""

from __future__ import annotations

import logging

import pytest
from factories.gateway import sms_gateway

from longwave.domain.errors import ConfigurationError
from longwave.notify import Mail, Outcome, Sms
from longwave.notify.sms.gateway import SmsTransport

SMS = Sms(
    recipient="+905551234567",
    body="Your questionnaire: https://study.example/l/a_b\n",
    message_id="0123@longwave",
    opt_out="To stop messages, open the same link.",
)


def test_an_sms_that_the_gateway_confirms_is_sent_with_its_line_on_how_to_stop():
    with sms_gateway() as gateway:
        delivery = SmsTransport(gateway.url).send(SMS)
    assert (delivery.outcome, delivery.segments) == (Outcome.SENT, 1)
    (sent,) = gateway.sent
    assert sent["to"] == SMS.recipient
    assert gateway.paths == ["/+905551234567"]
    assert sent["message"] == (
        "Your questionnaire: https://study.example/l/a_b\nTo stop messages, open the same link."
    )


@pytest.mark.parametrize("status", [400, 503, 0], ids=["refuses", "is broken", "says nothing"])
def test_what_the_gateway_does_not_confirm_is_uncertain(status):
    with sms_gateway(status) as gateway:
        delivery = SmsTransport(gateway.url).send(SMS)
    assert (delivery.outcome, delivery.segments) == (Outcome.UNCERTAIN, 1)
    assert len(gateway.sent) == 1, "it is not tried twice"


def test_a_gateway_that_is_not_there_is_uncertain_too():
    with sms_gateway() as gateway:
        url = gateway.url
    assert SmsTransport(url).send(SMS).outcome is Outcome.UNCERTAIN


def test_several_failures_in_a_row_are_the_gateways_trouble_and_one_success_ends_it():
    with sms_gateway(400) as gateway:
        transport = SmsTransport(gateway.url)
        assert [transport.send(SMS).server_trouble for _ in range(4)] == [False, False, True, True]
        gateway.status = 200
        assert not transport.send(SMS).server_trouble
        gateway.status = 400
        assert not transport.send(SMS).server_trouble


def test_a_long_text_is_counted_in_parts():
    with sms_gateway() as gateway:
        long = Sms("+15550100", "ü" * 150 + "ş", "1@longwave")
        assert SmsTransport(gateway.url).send(long).segments == 3


def test_nothing_of_an_sms_enters_the_log(caplog):
    with caplog.at_level(logging.DEBUG), sms_gateway(400) as gateway:
        SmsTransport(gateway.url).send(SMS)
    assert "5551234567" not in caplog.text


@pytest.mark.parametrize("url", ["json://localhost/all", "nonsense://{to}", "", "twilio://{to}"])
def test_an_unusable_url_is_explained(url):
    with pytest.raises(ConfigurationError, match="LONGWAVE_SMS_URL"):
        SmsTransport(url)


def test_nothing_but_sms_goes_to_a_gateway():
    mail = Mail("a@b.example", "s", "b", "1@longwave", None, None)
    with pytest.raises(TypeError):
        SmsTransport("json://localhost/{to}").send(mail)
