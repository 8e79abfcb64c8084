"""Loads a proxy with wrk and reads from the kernel what that cost the proxy."""

import os
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.proxies import Proxy
from support.processes import find_program

WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Measurement:
    """What a proxy did under load.

    Attributes:
        cpu: microseconds of the proxy's process a request.
        rate: requests a second.
        p99: milliseconds in which 99 of 100 requests were answered.
        errors: answers other than 2xx, and connections that failed.
    """

    cpu: float
    rate: float
    p99: float
    errors: int


def measure(proxy: Proxy, connections: int, seconds: int) -> Measurement:
    """Load a proxy, after a warm-up."""
    _wrk(proxy, connections, WARM_UP_SECONDS)
    before = cpu_seconds(proxy.process_id)
    output = _wrk(proxy, connections, seconds)
    used = cpu_seconds(proxy.process_id) - before
    requests = int(_find(r"(\d+) requests in", output))
    errors = int(_find(r"Non-2xx or 3xx responses: (\d+)", output, "0"))
    errors += sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", output))
    return Measurement(used / requests * 1e6, float(_find(r"Requests/sec:\s+([\d.]+)", output)), _p99(output), errors)


def median(measurements: list[Measurement]) -> Measurement:
    """Return the measurement with the middle CPU time, with the errors of all."""
    ordered = sorted(measurements, key=lambda measurement: measurement.cpu)
    errors = sum(measurement.errors for measurement in measurements)
    return replace(ordered[len(ordered) // 2], errors=errors)


def cpu_seconds(process_id: int) -> float:
    """Return the CPU time of a process, its threads, and the workers it has started so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def _wrk(proxy: Proxy, connections: int, seconds: int) -> str:
    command = [find_program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in proxy.headers.items():
        command += ["-H", f"{name}: {value}"]
    if proxy.script is not None:
        command += ["-s", str(proxy.script)]
    result = subprocess.run([*command, proxy.url], capture_output=True, text=True, timeout=seconds + 30, check=True)
    return result.stdout


def _find(pattern: str, text: str, default: str | None = None) -> str:
    match = re.search(pattern, text)
    if match is None:
        if default is None:
            raise RuntimeError(f"wrk's output has no {pattern!r}:\n{text}")
        return default
    return match[1]


def _p99(output: str) -> float:
    match = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    if match is None:
        raise RuntimeError(f"wrk's output has no 99%:\n{output}")
    return float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]]
