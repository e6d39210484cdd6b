"""A value that only those who are not blinded can get at."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

from longwave.domain.blinding.viewer import Viewer

T = TypeVar("T")


class Concealed(Generic[T]):
    """Holds what tells an arm. Services hand it out like this, and like this only.

    Neither printing, formatting, comparing, copying, pickling nor JSON shows what is inside;
    `for_viewer` alone does, to a viewer who may know.
    """

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value = value

    def for_viewer(self, viewer: Viewer) -> T | None:
        """Return the value to whoever sees arms, and None to the blinded."""
        return self.__value if viewer.sees_arms else None

    def __repr__(self) -> str:
        return "<concealed>"

    def __format__(self, _: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> NoReturn:
        raise TypeError("Whether a concealed value is empty would tell of it; use for_viewer().")

    def __reduce__(self) -> NoReturn:
        raise TypeError("A concealed value does not leave this process; use for_viewer().")
