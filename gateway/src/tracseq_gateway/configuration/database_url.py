"""The address of the database, as libpq and asyncpg read it."""

import os
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

KNOWN_PARAMETERS = {
    "application_name",
    "dbname",
    "host",
    "krbsrvname",
    "passfile",
    "password",
    "port",
    "service",
    "servicefile",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "target_session_attrs",
    "user",
}
SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
SESSION_ATTRIBUTES = {
    "any",
    "primary",
    "standby",
    "read-write",
    "read-only",
    "prefer-standby",
}


def normalise_database_url(url: str) -> str:
    """Return the address with the scheme ``postgresql``, several hosts kept as they are.

    Source: libpq connection URIs, PostgreSQL documentation, section 34.1.1.2.

    Raises:
        ValueError: the address is not one that the gateway can connect to; the message
            holds no part of the address, which may contain a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql"):
        raise ValueError(
            "it must begin with postgresql:// or postgres://, "
            "such as postgresql://user:password@db.example.org:5432/lims"
        )
    parts = urlsplit(f"postgresql://{rest}")
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts and "host" not in parse_qs(parts.query):
        raise ValueError("it names no host; write postgresql://user@db.example.org/lims")
    for host in hosts.split(",") if hosts else ():
        port = host.rpartition(":")[2] if ":" in host.rpartition("]")[2] else "5432"
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("a port in it is not a number between 1 and 65535")
    if not unquote(parts.path).strip("/"):
        raise ValueError("it names no database; put /<database> after the hosts")
    _check_parameters(parse_qs(parts.query, keep_blank_values=True))
    return urlunsplit(parts)


def single_host_urls(url: str) -> list[str]:
    """Return an address for each host of an address.

    Args:
        url: what ``normalise_database_url`` returned.
    """
    parts = urlsplit(url)
    user, separator, hosts = parts.netloc.rpartition("@")
    if not hosts or {"host", "port"} & parse_qs(parts.query).keys():
        return [url]  # asyncpg itself pairs the hosts and ports of parameters
    return [urlunsplit(parts._replace(netloc=f"{user}{separator}{host}")) for host in hosts.split(",")]


def _check_parameters(parameters: dict[str, list[str]]) -> None:
    unknown = sorted(set(parameters) - KNOWN_PARAMETERS)
    if unknown:
        raise ValueError(f"it has parameters that nobody reads ({', '.join(unknown)}); remove them")
    mode = parameters.get("sslmode", ["prefer"])[-1]
    if mode not in SSL_MODES:
        raise ValueError(f"its sslmode must be one of {', '.join(sorted(SSL_MODES))}")
    attributes = parameters.get("target_session_attrs", ["any"])[-1]
    if attributes not in SESSION_ATTRIBUTES:
        names = ", ".join(sorted(SESSION_ATTRIBUTES))
        raise ValueError(f"its target_session_attrs must be one of {names}")
    for name in ("sslrootcert", "sslcert", "sslkey"):
        path = parameters.get(name, [""])[-1]
        if path and not os.access(path, os.R_OK):
            raise ValueError(f"its {name} names {path}, which cannot be read; give a readable file")
