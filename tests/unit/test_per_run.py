"""What all hosts of a run share is made once."""

from __future__ import annotations

from typing import Any

import gevent
import pytest
from gevent.event import Event

from deploys.engine.per_run import PerRun
from tests.unit.fake_run import begun


def asked_at_once(shared: PerRun[Any], hosts: int = 3) -> list[Any]:
    """What several hosts are given that ask at the same time: a value, or an exception."""
    jobs = [gevent.spawn(shared) for _ in range(hosts)]
    gevent.joinall(jobs, timeout=30)
    return [job.value if job.successful() else job.exception for job in jobs]


def test_it_is_made_by_the_first_and_the_others_wait() -> None:
    others_asked = Event()
    made = []

    def make() -> str:
        made.append(gevent.getcurrent())
        gevent.spawn(others_asked.set)
        assert others_asked.wait(timeout=30)
        return "value"

    with begun("one"):
        assert asked_at_once(PerRun(make)) == ["value"] * 3
    assert len(made) == 1


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3)])
def test_an_exception_reaches_every_host_and_is_not_tried_again(error: BaseException) -> None:
    made = []

    def make() -> str:
        made.append(1)
        gevent.sleep(0)
        raise error

    with begun("one"):
        shared = PerRun(make)
        caught = []

        def ask() -> None:
            try:
                shared()
            except BaseException as found:
                caught.append(found)

        gevent.joinall([gevent.spawn(ask) for _ in range(3)], timeout=30)
        with pytest.raises(type(error)):
            shared()
    assert (caught, made) == ([error] * 3, [1])


def test_another_run_makes_its_own_and_the_first_is_let_go() -> None:
    made = []

    def make() -> int:
        made.append(1)
        return len(made)

    shared = PerRun(make)
    with begun("one"):
        assert (shared(), shared()) == (1, 1)
    with begun("one"):
        assert shared() == 2
