"""The transports of an installation, one for each channel, chosen among the plug-ins here."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from longwave.config import Settings
from longwave.domain.errors import ConfigurationError
from longwave.domain.lifecycle import Channel
from longwave.notify.base import Plugin, Transport

_PACKAGE = __name__.rpartition(".")[0]


def plugins() -> tuple[Plugin, ...]:
    """Return every plug-in: one for each folder beside this file."""
    package = import_module(_PACKAGE)
    found: list[Plugin] = [
        import_module(f"{_PACKAGE}.{module.name}").PLUGIN
        for module in pkgutil.iter_modules(package.__path__)
        if module.ispkg
    ]
    return tuple(sorted(found, key=lambda plugin: plugin.rank))


class Transports:
    """The transport of each channel."""

    def __init__(self, by_channel: Mapping[Channel, Transport]) -> None:
        self._by_channel = dict(by_channel)

    @classmethod
    def chosen_by(cls, settings: Settings) -> Transports:
        """Return the transports that the settings ask for.

        Raises
        ------
        ConfigurationError
            If a setting cannot be used.
        """
        return cls({channel: _first_offer(channel, settings) for channel in Channel})

    def of(self, channel: Channel | str) -> Transport:
        """Return the transport of a channel."""
        return self._by_channel[Channel(channel)]

    def troubles(self) -> dict[Channel, str]:
        """Return what would keep every letter of a channel from being sent, where something is."""
        looked = {channel: each.trouble() for channel, each in self._by_channel.items()}
        return {channel: trouble for channel, trouble in looked.items() if trouble is not None}

    def close(self) -> None:
        """Let go of connections."""
        for transport in self._by_channel.values():
            transport.close()


def _first_offer(channel: Channel, settings: Settings) -> Transport:
    for plugin in plugins():
        transport = plugin.offers(channel, settings)
        if transport is not None:
            return transport
    raise ConfigurationError(f"Nothing sends by {channel}.", "Install longwave anew.")
