"""Servers that follow each other at one port are not told to do so at another, one by one."""

from __future__ import annotations

import pytest

from deploys.controller.redis.topology import TopologyError, check_port
from deploys.facts.redis_member import Member, MemberState


def test_the_port_that_a_sentinel_watches_is_read() -> None:
    said = Member().process(["watched\t10.0.0.41\t6380"])
    assert (said.watched, said.watched_port) == ("10.0.0.41", 6380)


def test_another_port_than_that_of_the_data_stops_a_run() -> None:
    states = {"redis1": MemberState(watched="10.0.0.41", watched_port=6379), "redis2": MemberState()}
    check_port(states, 6379)
    with pytest.raises(TopologyError, match=r"another port than 6380 \(redis1 \(6379\)\)"):
        check_port(states, 6380)
