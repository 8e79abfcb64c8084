"""Which values of the data are ports, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Port


def names(site: Site) -> frozenset[str]:
    """The names of all values of a site that hold a port, or several."""
    models = {model for host in site.hosts for model in host.models}
    return frozenset(name for model in models for name, hint in _hints(model).items() if _is_port(hint))


def numbers(rule: Rule, listener: SiteHost) -> Iterator[int]:
    """
    The numbers of a rule's ports.

    A value that is None is no port.

    Args:
        rule: the rule
        listener: the host that listens; a name is one of its values
    """
    for port in rule.ports:
        value: Any = listener.value(port) if isinstance(port, str) else port
        yield from (value,) if isinstance(value, int) else value or ()


def _hints(model: type[Any]) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


def _is_port(hint: Any) -> bool:
    return hint == Port or Port in get_args(hint)
