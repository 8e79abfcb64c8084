"""What is compared: measurements taken in turn, and a line of the table for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.measure import Sample, median, spread

Measured = dict[str, list[Sample]]


@dataclass(frozen=True)
class Row:
    """A line of the table: a cost beside its floor."""

    what: str
    floor: float
    ours: float
    target: float | None
    sample: Sample | None = None
    unit: str = " s"

    def cells(self) -> list[str]:
        ratio = self.ours / self.floor
        target = "" if self.target is None else f"{self.target:g}x{'' if ratio <= self.target else ' MISSED'}"
        cells = [self.what, f"{self.floor:.2f}{self.unit}", f"{self.ours:.2f}{self.unit}"]
        cells += [f"{ratio:.2f}x", target]
        if self.sample:
            counted = (str(number) if number else "" for number in (self.sample.executions, self.sample.carried))
            cells += [*counted, f"{self.sample.cpu:.2f} s"]
        return cells


def interleaved(repeat: int, measurements: dict[str, Callable[[], Sample]]) -> Measured:
    """Take each measurement in turn, again and again."""
    taken: Measured = defaultdict(list)
    for number in range(repeat):
        for name, measure in measurements.items():
            taken[name].append(measure())
            print(f"    {number + 1}/{repeat} {name}: {taken[name][-1].seconds:.2f} s", flush=True)
    return taken


def compared(what: str, taken: Measured, floor_of: str, ours: str, target: float | None = None) -> Row:
    """A row of two measurements that were taken in turn."""
    print(f"    {what}: {spread(taken[floor_of])}, {spread(taken[ours])}")
    least, run = median(taken[floor_of]), median(taken[ours])
    return Row(what, least.seconds, run.seconds, target, run)


def table(rows: list[Row]) -> str:
    heads = ["what", "floor", "ours", "ratio", "target", "executions", "bytes", "controller CPU"]
    lines = [heads, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines if column < len(line)) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=False))
        )
        for line in lines
    )
