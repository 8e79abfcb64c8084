"""A user of the lab's site: verifies its certificate, and finds it without DNS."""

from __future__ import annotations

import ssl

import httpx

from tests import inventory


def context(path: str = inventory.PATH) -> ssl.SSLContext:
    """TLS that trusts the site's own authority alone."""
    data = inventory.group("load_balancers", path)[0].data
    directory = data["authority_directory"].format(environment=data["environment"])
    return ssl.create_default_context(cafile=f"{directory}/authority.crt")


def base(path: str = inventory.PATH) -> tuple[str, dict[str, str]]:
    """The site's address, and the headers that a request to it needs."""
    data = inventory.group("load_balancers", path)[0].data
    return f"https://{data['virtual_address'] or data['address']}", {"Host": data["domain"]}


def client(path: str = inventory.PATH, timeout: float = 15) -> httpx.Client:
    """A client of the site of an inventory."""
    url, headers = base(path)
    return httpx.Client(base_url=url, headers=headers, verify=context(path), timeout=timeout)
