"""SMS through a gateway, by Apprise."""

from __future__ import annotations

import logging
import warnings
from urllib.parse import quote

from longwave.domain.errors import ConfigurationError
from longwave.domain.sms import sms_parts
from longwave.notify.base import Delivery, Letter, Outcome, Sms

RECIPIENT = "{to}"
"""Stands in the gateway's URL where the number goes."""

_SOMEBODY = "+15555550100"
_TOO_MANY_IN_A_ROW = 3
_UNCONFIRMED = "The gateway did not confirm the SMS."

# They log whole URLs, with numbers and passwords.
for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its plug-ins load what Python lets go of
    import apprise

    apprise.Apprise.instantiate("json://localhost")


class SmsTransport:
    """Sends through the gateway at one of Apprise's URLs, in which ``{to}`` is the number.

    Apprise says no more than that a gateway confirmed an SMS or did not; it answers alike where
    the gateway refused it, was not there, or took it and was too slow to say so. So whatever is
    not confirmed is uncertain. When several in a row are, the gateway is in trouble.
    """

    def __init__(self, url: str, *, is_caught: bool = False) -> None:
        self._url = url
        self._failures = 0
        self.is_caught = is_caught
        if RECIPIENT not in url or self._gateway_for(_SOMEBODY) is None:
            raise ConfigurationError(
                "LONGWAVE_SMS_URL cannot be used.",
                "Write one of Apprise's URLs for SMS, with {to} where the number goes, such as "
                "twilio://SID:TOKEN@FROM/{to}.",
            )

    def send(self, letter: Letter) -> Delivery:
        """Send one SMS: it is ``sent`` if the gateway confirms it, else ``uncertain``."""
        if not isinstance(letter, Sms):
            raise TypeError("An SMS gateway carries nothing but SMS.")
        parts = sms_parts(letter.text).parts
        gateway = self._gateway_for(letter.recipient)
        if gateway is None:
            return Delivery(Outcome.REFUSED, "The gateway cannot send to this number.")
        if gateway.notify(body=letter.text, title=""):
            self._failures = 0
            return Delivery(Outcome.SENT, segments=parts)
        self._failures += 1
        return Delivery(
            Outcome.UNCERTAIN,
            _UNCONFIRMED,
            server_trouble=self._failures >= _TOO_MANY_IN_A_ROW,
            segments=parts,
        )

    def trouble(self) -> str | None:
        """Nothing can be learnt of a gateway without sending."""

    def close(self) -> None:
        """Nothing is held."""

    def _gateway_for(self, number: str) -> apprise.NotifyBase | None:
        return apprise.Apprise.instantiate(self._url.replace(RECIPIENT, quote(number, safe="")))
