"""What a gateway's own metrics say."""

from support import web


def metric(url: str, name: str) -> float:
    """Return the value of a metric without labels of the gateway at an address, or -1 where there is none."""
    for line in web.get(f"{url}/metrics", timeout=20).text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    return -1
