"""What an instance of a service is told: its environment."""

from __future__ import annotations

from deploys.controller.images.config import Config
from deploys.controller.services import addresses, databases, guards, redis
from deploys.controller.services.names import Instance
from deploys.settings.site import Site


def variables(site: Site, instance: Instance, config: Config | None = None) -> dict[str, str]:
    """
    The variables of an instance.

    Args:
        site: the site
        instance: it
        config: of its image, where it is one
    """
    service = instance.service
    return {
        **(config.environment if config else {}),
        "ENVIRONMENT": "staging" if site.shared.environment == "staging" else "production",
        "HOME": f"/var/lib/{instance.user}",
        "PORT": str(instance.port),
        **databases.variables(site, instance.name),
        **redis.variables(site, instance),
        **(tokens(site) if service.tokens else {}),
        **{
            addresses.variable(reached): addresses.urls(site, reached)
            for reached in service.reaches
            if isinstance(reached, str)
        },
        **guards.variables(site, instance),
        **{name: placed(value, instance) for name, value in service.environment.items()},
        **{name: site.secret(name) for name in service.secrets},
    }


def tokens(site: Site) -> dict[str, str]:
    """What the gateways judge tokens by: a secret, or with RS256 what everybody may know."""
    of_gateways = site.group("gateways")[0].value("gateway_environment")
    assert isinstance(of_gateways, dict)
    algorithm = of_gateways.get("JWT_ALGORITHM", "HS256")
    if algorithm == "HS256":
        return {"JWT_ALGORITHM": algorithm, "JWT_SECRET_KEY": site.secret("JWT_SECRET_KEY")}
    public = {name: of_gateways[name] for name in ("JWT_PUBLIC_KEY", "JWT_JWKS_URL") if name in of_gateways}
    return {"JWT_ALGORITHM": algorithm, **public}


def placed(text: str, instance: Instance) -> str:
    """A word of its command, or a value of a variable, with the port in its place."""
    return text.replace("{port}", str(instance.port))
