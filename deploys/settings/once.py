"""What a run does only once, though pyinfra loads a deploy once a host, all hosts at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from gevent.lock import RLock
from pyinfra.context import ctx_state

T = TypeVar("T")

_results: WeakKeyDictionary[object, dict[str, object]] = WeakKeyDictionary()
_lock = RLock()


def once(name: str, compute: Callable[[], T]) -> T:
    """
    The result of a function, which is called for the first host that asks in a run.

    + name: what the result is
    + compute: the function; what it raises is raised for every host
    """
    with _lock:
        results = _results.setdefault(ctx_state.get(), {})  # type: ignore[no-untyped-call]
        if name not in results:
            results[name] = compute()
        return cast(T, results[name])
