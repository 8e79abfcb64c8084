"""Loops over things of which not every host has each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pyinfra import host

T = TypeVar("T")


def turns(things: Iterable[T]) -> Iterator[T]:
    """
    One thing after the other, in which the operations of different hosts belong together turn by turn.

    In a plain loop the first operation of one host and the first of another would be one for pyinfra,
    whatever they are about. Every host goes through all things, and does nothing about those of others.

    Args:
        things: the same on all hosts, in the same order
    """
    found: Iterator[T] = host.loop(things)  # type: ignore[no-untyped-call]
    return found
