"""Facts that are read together as cheaply as one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from pyinfra.api import FactBase

Asked = TypeVar("Asked")
Value = TypeVar("Value")


class Mergeable(FactBase[Value], Generic[Asked, Value]):
    """
    A fact that a host may be asked for many times at once, by the same programs that answer it once.

    Starting a program takes a small machine longer than most answers do: a host that starts seven of
    them for each of its services is busy with nothing else.
    """

    asked: type[Asked]
    """What one of them is asked for: a dataclass of its command's arguments, which pyinfra must find there too."""

    @classmethod
    @abstractmethod
    def merged(cls, asked: Sequence[Asked]) -> str:
        """
        Shell that prints what all of them need, each thing once; it ends with 0.

        + asked: what each is asked for, one or more
        """

    @classmethod
    @abstractmethod
    def parted(cls, asked: Sequence[Asked], output: list[str]) -> list[Value]:
        """
        What each of them says, in their order, just as if it had been asked alone.

        + asked: as they were given to ``merged()``
        + output: the lines that its shell printed
        """

    def alone(self, asked: Asked) -> str:
        """
        Shell that prints what one of them needs, for ``process()``.

        + asked: what it is asked for
        """
        self._alone = [asked]
        return self.merged(self._alone)

    def process(self, output: list[str]) -> Value:
        return self.parted(self._alone, output)[0]
