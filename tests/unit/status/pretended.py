"""A site as status reads it, without a host: values for what is not of interest."""

from __future__ import annotations

import runpy
from collections.abc import Mapping, Sequence
from typing import Any

from deploys.controller.status.report import SECTIONS
from deploys.controller.status.section import Judged, Survey
from deploys.settings import declarations
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

NOW = 1_800_000_000.0
FILES = ("all", "postgres", "etcd", "redis", "gateways", "load_balancers", "backups")
DATA: dict[str, Any] = {"environment": "unit"}
for _file in FILES:
    DATA |= runpy.run_path(f"group_data/{_file}.py")


def host(name: str, number: int, *groups: str) -> SiteHost:
    own = [role.model for role in declarations.of_host(groups).values() if role.model]
    models: list[type[Data]] = [Shared, EveryHost, *declarations.shared(), *own]
    values = DATA | {"address": f"10.0.0.{number}"}
    return SiteHost(name, name, frozenset(groups), {model: model.model_validate(values) for model in models})


SITE = Site(
    (
        host("gw1", 21, "gateways"),
        host("gw2", 22, "gateways"),
        host("pg1", 31, "postgres"),
        host("pg2", 32, "postgres"),
        host("redis1", 41, "redis"),
        host("backup1", 51, "backups"),
    ),
    {},
)


def survey(
    section: str = "",
    readings: Mapping[str, Sequence[Any]] | None = None,
    silent: Mapping[str, str] | None = None,
    left_out: frozenset[str] = frozenset(),
) -> Survey:
    """What one section read of some hosts."""
    everything: dict[str, Mapping[str, Sequence[Any]]] = {one.name: {} for one in SECTIONS}
    return Survey(SITE, NOW, everything | ({section: readings} if readings else {}), silent or {}, left_out)


def said(judged: Judged, wrong: bool = True) -> list[tuple[str, str]]:
    """Host and sentence of each thing that is wrong, or of each remark."""
    return [(one.host, one.what) for one in judged.findings if one.wrong is wrong]
