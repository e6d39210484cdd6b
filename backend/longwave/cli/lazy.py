"""Commands whose modules are imported when they are run, so that help starts at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Later:
    """A command, or a group of them: where it stands, and the line that tells of it.

    ``place`` is "module:name" of a function or of a Typer.
    """

    place: str
    help: str

    def load(self, name: str) -> Any:  # noqa: ANN401 - Typer's own class is private
        """Import the module and return the command called ``name``."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        holder = typer.Typer()
        holder.callback()(_nothing)  # without it a lone command would swallow its name
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        group: Any = typer.main.get_command(holder)
        return group.commands[name]


class LazyGroup(TyperGroup):
    """A group that knows the names of its commands, and imports one when it is to be run."""

    later: ClassVar[Mapping[str, Later]] = {}

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().__init__(**attributes)
        self.commands = _Commands(self.commands, self.later)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """Return what lists show of a command: without importing it, its name and its help."""
        if cmd_name in self.later:
            return TyperCommand(cmd_name, help=self.later[cmd_name].help)
        return self.commands.get(cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        """Return the names of the commands, in their order."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Return the command that is to be run, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.commands[name or ""], rest


class _Commands(MutableMapping[str, Any]):
    """Commands by name, those of ``later`` imported when they are asked for."""

    def __init__(self, here: Mapping[str, Any], later: Mapping[str, Later]) -> None:
        self._commands: dict[str, Any] = {**here, **later}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's own class is private
        found = self._commands[name]
        if isinstance(found, Later):
            found = self._commands[name] = found.load(name)
        return found

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


def _nothing() -> None:
    """Do nothing."""
