"""Runs all measurements and prints one table of each kind.

From the repository's root, with the Python of an environment that has
``gateway[test,benchmark]``:

    python gateway/benchmarks [--seconds 3]

CPU time is that of the proxy's process, told by the kernel; it is what a request costs,
whatever else the machine does meanwhile. Requests a second share the machine's cores with
the load generator and the service and are worth less.
"""

import argparse
import sys
import tempfile
from pathlib import Path

GATEWAY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(GATEWAY), str(GATEWAY / "tests")]

from benchmarks.load import Measurement, measure
from benchmarks.proxies import Proxies, Proxy
from benchmarks.rate import latency_at_rate
from benchmarks.streaming import memory_growth
from benchmarks.table import print_table

CONNECTIONS = (1, 10, 32, 100, 1000)
COMPARED_AT = 32
RATE = 1000


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="how long each measurement takes")
    seconds: int = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as folder, Proxies(Path(folder)) as proxies:
        results = {proxy.name: measure_all(proxy, seconds) for proxy in proxies.all()}
        compare(results)
        show_growth(results)
        show_latency(proxies, seconds)
        show_memory(proxies)
    return 0


def measure_all(proxy: Proxy, seconds: int) -> dict[int, Measurement]:
    """Measure one proxy at each number of connections."""
    counts = CONNECTIONS if proxy.all_connections else (COMPARED_AT,)
    return {count: measure(proxy, count, seconds) for count in counts}


def compare(results: dict[str, dict[int, Measurement]]) -> None:
    """Print what each proxy costs beside nginx and Caddy."""
    nginx, caddy = results["nginx"][COMPARED_AT].cpu, results["Caddy"][COMPARED_AT].cpu
    rows = []
    for name, by_count in results.items():
        result = by_count[COMPARED_AT]
        ratios = (f"{result.cpu / nginx:.2f}", f"{result.cpu / caddy:.2f}")
        rows.append((name, f"{result.cpu:.0f}", *ratios, f"{result.rate:.0f}", f"{result.p99:.1f}", result.errors))
    heads = ("proxy", "CPU µs a request", "to nginx", "to Caddy", "requests/s", "p99 ms", "errors")
    print_table(f"A small JSON answer, {COMPARED_AT} connections", heads, rows)


def show_growth(results: dict[str, dict[int, Measurement]]) -> None:
    """Print how cost and rate change with the number of connections."""
    rows = [
        (name, *[f"{by_count[count].cpu:.0f} / {by_count[count].rate:.0f}" for count in CONNECTIONS])
        for name, by_count in results.items()
        if len(by_count) > 1
    ]
    heads = ("CPU µs a request / requests a second", *[f"{count} connections" for count in CONNECTIONS])
    print_table("By the number of connections", heads, rows)


def show_latency(proxies: Proxies, seconds: int) -> None:
    """Print latencies at a fixed rate through nginx and three gateways."""
    port = proxies.nginx_before_gateways(3)
    result = latency_at_rate(port, proxies.token, RATE, seconds)
    heads = ("requests/s", "p50 ms", "p99 ms", "longest ms", "errors")
    row = (RATE, f"{result.p50:.1f}", f"{result.p99:.1f}", f"{result.longest:.1f}", result.errors)
    print_table("nginx and three gateways, the whole chain, on this one machine", heads, [row])


def show_memory(proxies: Proxies) -> None:
    """Print how much a gateway's memory grows while 2 GiB stream through it."""
    rows = [
        (direction, f"{growth / 1_048_576:.1f}", f"{speed / 1_048_576:.0f}")
        for direction, growth, speed in memory_growth(proxies)
    ]
    print_table("2 GiB through one gateway", ("direction", "peak memory grew by MiB", "MiB/s"), rows)


if __name__ == "__main__":
    sys.exit(main())
