"""E-mail: mails over SMTP, and the reports on those that could not be delivered."""

from __future__ import annotations

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.notify.base import Plugin
from longwave.notify.email.smtp import SmtpTransport


def _offers(channel: Channel, settings: Settings) -> SmtpTransport | None:
    if channel is not Channel.EMAIL or not settings.smtp_url:
        return None
    return SmtpTransport(
        settings.smtp_url,
        settings.mail_from,
        is_caught=settings.mail_is_caught,
        ca_file=settings.smtp_ca_file,
        bounces_to=settings.bounce_address,
    )


PLUGIN = Plugin(rank=10, offers=_offers)
