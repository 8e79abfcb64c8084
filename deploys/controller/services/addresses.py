"""Where services are reached."""

from __future__ import annotations

from deploys.settings.catalogue import group
from deploys.settings.site import Site


def urls(site: Site, name: str) -> str:
    """
    The addresses of a service, of each of its instances, as ``*_SERVICE_URL`` has them.

    Args:
        site: the site
        name: of the service
    """
    service = site.shared.services[name]
    if service.elsewhere:
        return ",".join(str(url).rstrip("/") for url in service.addresses)
    scheme = "https" if service.guard_port else "http"
    # By address: a request waits for no look-up of a name.
    return ",".join(f"{scheme}://{host.address}:{port}" for host in site.group(group(name)) for port in service.ports)


def variable(name: str) -> str:
    """The name of the variable that says where a service is."""
    return f"{name.upper()}_SERVICE_URL"


def gateway_services(site: Site) -> list[str]:
    """The names of the services that gateways pass requests on to."""
    return [name for name, service in site.shared.services.items() if service.gateway]


def variables(site: Site) -> dict[str, str]:
    """The variables of a gateway that say where the services are."""
    return {variable(name): urls(site, name) for name in gateway_services(site)}
