"""Prints tables as plain text."""

from collections.abc import Sequence


def print_table(title: str, heads: Sequence[object], rows: Sequence[Sequence[object]]) -> None:
    """Print a title and a table in Markdown's form, its columns aligned."""
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    rule = "-|-".join("-" * width for width in widths)
    print(f"\n{title}\n\n| {lines[0]} |\n|-{rule}-|")
    for line in lines[1:]:
        print(f"| {line} |", flush=True)
