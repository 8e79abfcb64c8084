"""What a command costs: its time, this machine's CPU and memory for it, and what it sends."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.inventory import PYINFRA

SITE = "deploys/site.py"
USED = re.compile(r"^ +[\d.]+  \S+ +(\d+) +(\d+)$", re.MULTILINE)
"""A host's line in what a run says of its timings."""
TRANSFERRED = re.compile(r"^Transferred: sent (\d+), received (\d+) bytes", re.MULTILINE)
"""What ssh says at its end, where it is verbose."""


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    seconds: float
    cpu: float = 0.0
    """User and system time on this machine, in seconds."""
    memory: int = 0
    """The largest resident set of its processes, in bytes."""
    executions: int = 0
    carried: int = 0
    """Bytes over the network, both ways."""


@dataclass(frozen=True)
class Work:
    """A command to be measured, and what it reads."""

    command: Sequence[str | Path]
    stdin: str = ""


def together(works: Sequence[Work], environment: Mapping[str, str] | None = None) -> tuple[Sample, list[str]]:
    """
    Run commands, all at once, and wait for the last.

    Raises:
        AssertionError: where one of them failed, with what it printed.
    """
    begin = time.monotonic()
    started = []
    for number, work in enumerate(works):
        spoken, heard = (Path(f".state/bench/{way}-{number}") for way in ("stdin", "output"))
        spoken.write_text(work.stdin)
        with spoken.open() as stdin, heard.open("w") as output:
            process = subprocess.Popen(
                [str(word) for word in work.command],
                stdin=stdin, stdout=output, stderr=subprocess.STDOUT, env=os.environ | (environment or {}),
            )  # fmt: skip
        started.append((process, work, heard))
    cpu, memory, outputs = 0.0, 0, []
    for process, work, heard in started:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss * 1024)
        outputs.append(heard.read_text())
        assert process.returncode == 0, f"{work.command} ended with {process.returncode}:\n{outputs[-1]}"
    return Sample(time.monotonic() - begin, cpu, memory), outputs


def site(inventory: str, *arguments: str, environment: Mapping[str, str] | None = None, deploy: str = SITE) -> Sample:
    """Run the site, or another deploy."""
    command = [PYINFRA, "-y", "--data", "timings=true", *arguments, inventory, deploy]
    sample, outputs = together([Work(command)], environment)
    used = [(int(executions), int(carried)) for executions, carried in USED.findall(outputs[0])]
    return Sample(
        sample.seconds,
        sample.cpu,
        sample.memory,
        executions=sum(executions for executions, _ in used),
        carried=sum(carried for _, carried in used),
    )


def shells(config: Path, scripts: Mapping[str, str]) -> Sample:
    """One SSH login a host, all at once, each of which runs the host's script as root."""
    options = ["-F", str(config), "-o", "ControlPath=none", "-o", "ControlMaster=no", "-o", "LogLevel=VERBOSE"]
    sample, outputs = together(
        [Work(["ssh", *options, name, "sudo bash -s"], script) for name, script in scripts.items()]
    )
    carried = [int(sent) + int(received) for output in outputs for sent, received in TRANSFERRED.findall(output)]
    return Sample(sample.seconds, sample.cpu, sample.memory, executions=len(scripts), carried=sum(carried))


def median(samples: Sequence[Sample]) -> Sample:
    """The sample of which half are faster."""
    return sorted(samples, key=lambda sample: sample.seconds)[len(samples) // 2]


def spread(samples: Sequence[Sample]) -> str:
    """The median of the samples' seconds, and how far they lie apart."""
    seconds = [sample.seconds for sample in samples]
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
