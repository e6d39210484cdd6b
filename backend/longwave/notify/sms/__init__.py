"""SMS through any gateway that Apprise knows."""

from __future__ import annotations

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.notify.base import Plugin, Transport


def _offers(channel: Channel, settings: Settings) -> Transport | None:
    if channel is not Channel.SMS or settings.sms_url is None:
        return None
    from longwave.notify.sms.gateway import SmsTransport  # takes a while to load

    return SmsTransport(settings.sms_url.get_secret_value(), is_caught=settings.sms_is_caught)


PLUGIN = Plugin(rank=10, offers=_offers)
