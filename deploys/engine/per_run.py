"""A value that all hosts of a run share, though pyinfra loads a deploy once per host, all hosts at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from gevent.event import AsyncResult
from pyinfra.context import ctx_state

T = TypeVar("T")


class PerRun(Generic[T]):
    """
    A value made for the first host that asks; the others wait for it.

    Args:
        make: makes it; what this raises is raised for every host
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._results: WeakKeyDictionary[object, AsyncResult] = WeakKeyDictionary()

    def __call__(self) -> T:
        run = ctx_state.get()  # type: ignore[no-untyped-call]
        if (result := self._results.get(run)) is None:
            result = self._results[run] = AsyncResult()
            try:
                result.set(self._make())
            except BaseException as error:
                result.set_exception(error)
                raise
        value: T = result.get()
        return value
