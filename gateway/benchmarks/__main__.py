"""Runs all measurements and prints one table of each kind.

From the repository's root, with the Python of an environment that has
``gateway[test,benchmark]``:

    python gateway/benchmarks [--seconds 3] [--rounds 3] [--compare-only]

CPU time is that of the proxy's process, told by the kernel; it is what a request costs,
whatever else the machine does meanwhile. Requests a second share the machine's cores with
the load generator and the service and are worth less. The comparison takes turns: each round
measures every proxy once, and the table gives the median, so that a machine that is busy for
a while is so for all.
"""

import argparse
import sys
import tempfile
from pathlib import Path

GATEWAY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(GATEWAY), str(GATEWAY / "tests")]

from benchmarks.lasting import SOCKETS, event_delays, websocket_memory
from benchmarks.load import Measurement, measure, median
from benchmarks.proxies import ALONE_NAME, Proxies, Proxy
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
    parser.add_argument("--rounds", type=int, default=3, help="how often the comparison is repeated")
    parser.add_argument("--compare-only", action="store_true", help="print the first table only")
    arguments = parser.parse_args()
    seconds: int = arguments.seconds
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as folder, Proxies(Path(folder)) as proxies:
        compared = proxies.all()
        results = measure_in_turns(compared, seconds, arguments.rounds)
        compare(results)
        if not arguments.compare_only:
            show_growth(compared, results, seconds)
            show_latency(proxies, seconds)
            show_memory(proxies)
            show_further_ways(proxies, seconds)
            show_spans(proxies, seconds, arguments.rounds)
            show_lasting_connections(proxies)
    return 0


def measure_in_turns(proxies: list[Proxy], seconds: int, rounds: int) -> dict[str, Measurement]:
    """Measure all proxies one after the other, round by round, and return their medians."""
    turns = [{proxy.name: measure(proxy, COMPARED_AT, seconds) for proxy in proxies} for _ in range(rounds)]
    return {proxy.name: median([turn[proxy.name] for turn in turns]) for proxy in proxies}


def compare(results: dict[str, Measurement]) -> None:
    """Print what each proxy costs beside nginx, Caddy, and uvicorn that answers by itself."""
    references = [results[name].cpu for name in ("nginx", "Caddy", ALONE_NAME)]
    rows = [
        (
            name,
            f"{result.cpu:.1f}",
            *[f"{result.cpu / reference:.2f}" for reference in references],
            f"{result.rate:.0f}",
            f"{result.p99:.1f}",
            result.errors,
        )
        for name, result in results.items()
    ]
    heads = ("proxy", "CPU µs a request", "to nginx", "to Caddy", "to uvicorn", "requests/s", "p99 ms", "errors")
    print_table(f"A small JSON answer, {COMPARED_AT} connections", heads, rows)


def show_growth(proxies: list[Proxy], compared: dict[str, Measurement], seconds: int) -> None:
    """Print how cost and rate change with the number of connections."""
    rows = []
    for proxy in proxies:
        if proxy.all_connections:
            by_count = {
                count: compared[proxy.name] if count == COMPARED_AT else measure(proxy, count, seconds)
                for count in CONNECTIONS
            }
            rows.append((proxy.name, *[f"{result.cpu:.0f} / {result.rate:.0f}" for result in by_count.values()]))
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


def show_further_ways(proxies: Proxies, seconds: int) -> None:
    """Print what TLS to a service costs, and what a second worker brings."""
    rows = []
    for proxy in (proxies.encrypted(), proxies.with_workers(1), proxies.with_workers(2)):
        result = measure(proxy, COMPARED_AT, seconds)
        rows.append((proxy.name, f"{result.cpu:.1f}", f"{result.rate:.0f}", f"{result.p99:.1f}", result.errors))
    heads = ("proxy", "CPU µs a request", "requests/s", "p99 ms", "errors")
    print_table(f"Further ways, {COMPARED_AT} connections", heads, rows)


def show_spans(proxies: Proxies, seconds: int, rounds: int) -> None:
    """Print what spans cost, those of every request and those of none; the sending is part of the CPU time."""
    results = measure_in_turns(proxies.with_spans(), seconds, rounds)
    without = next(iter(results.values()))
    rows = [
        (name, f"{result.cpu:.1f}", f"{result.cpu / without.cpu:.2f}", f"{result.p99:.1f}", result.errors)
        for name, result in results.items()
    ]
    heads = ("proxy", "CPU µs a request", "to no collector", "p99 ms", "errors")
    print_table(f"Spans, {COMPARED_AT} connections", heads, rows)


def show_lasting_connections(proxies: Proxies) -> None:
    """Print how late events come, and what silent WebSockets take up."""
    rows = [(name, f"{p50:.2f}", f"{p99:.2f}") for name, p50, p99 in event_delays(proxies)]
    print_table("Server-sent events", ("way", "p50 ms late", "p99 ms late"), rows)
    size = websocket_memory(proxies)
    print_table(f"{SOCKETS} silent WebSockets", ("KiB for each",), [(f"{size / 1024:.1f}",)])


if __name__ == "__main__":
    sys.exit(main())
