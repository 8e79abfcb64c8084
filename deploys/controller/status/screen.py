"""The status as text for people: at most 120 columns, and a ``!`` before each value that is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from deploys.controller import words
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Survey, Table

WIDTH = 120
BETWEEN = "  "
RED, YELLOW, GREEN, BOLD, PLAIN = "\033[31;1m", "\033[33m", "\033[32m", "\033[1m", "\033[0m"

Paint = Callable[[str, str], str]


def text(survey: Survey, judged: Mapping[str, Judged], findings: Sequence[Finding], coloured: bool) -> str:
    """
    The whole screen.

    Args:
        survey: what was read
        judged: what became of it, by section
        findings: all that is wrong, and all remarks
        coloured: whether the terminal shows colours
    """
    paint: Paint = (lambda colour, text: f"{colour}{text}{PLAIN}") if coloured else (lambda colour, text: text)
    wrong = [finding for finding in findings if finding.wrong]
    remarks = [finding for finding in findings if not finding.wrong]
    verdict = paint(RED, _count(len(wrong))) if wrong else paint(GREEN, "all is well")
    blocks = [[f"{paint(BOLD, survey.site.shared.environment)}, {words.moment(survey.read_at)} UTC: {verdict}"]]
    tables = [_hosts(survey, judged), *(table for one in judged.values() for table in one.tables)]
    blocks += [list(_table(table, paint)) for table in tables if table.rows]
    if survey.left_out:
        blocks.append(textwrap.wrap(f"Left out by the limit: {', '.join(sorted(survey.left_out))}.", WIDTH))
    if wrong:
        blocks.append([paint(RED, "Wrong"), *_list(wrong)])
    if remarks:
        blocks.append([paint(YELLOW, "To know"), *_list(remarks)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _count(number: int) -> str:
    return "1 thing is wrong" if number == 1 else f"{number} things are wrong"


def _hosts(survey: Survey, judged: Mapping[str, Judged]) -> Table:
    """A line for each host: what every section has to say of it in a word, or why it was not read."""
    columns = {name: one.cells for name, one in judged.items() if one.cells}
    rows = []
    for host in survey.site.hosts:
        if host.name in survey.left_out:
            continue
        if host.name in survey.silent:
            rows.append((Cell(host.name), Cell("not read", wrong=True), *(NOTHING for _ in columns)))
        else:
            cells = (found.get(host.name, NOTHING) for found in columns.values())
            rows.append((Cell(host.name), Cell(", ".join(sorted(host.groups))), *cells))
    return Table("Hosts", ("host", "groups", *columns), tuple(rows))


def _table(table: Table, paint: Paint) -> Iterator[str]:
    yield paint(BOLD, table.title)
    texts = [[_marked(cell) for cell in row] for row in table.rows]
    widths = _widths([list(table.columns), *texts])
    yield "  " + BETWEEN.join(title.ljust(width) for title, width in zip(table.columns, widths, strict=True)).rstrip()
    for row, cells in zip(table.rows, texts, strict=True):
        shown = []
        for cell, said, width in zip(row, cells, widths, strict=True):
            short = said if len(said) <= width else f"{said[: width - 1]}…"
            shown.append(paint(RED, short.ljust(width)) if cell.wrong else short.ljust(width))
        yield "  " + BETWEEN.join(shown).rstrip()


def _marked(cell: Cell) -> str:
    return f"! {cell.text}" if cell.wrong else cell.text


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The widths of columns: as wide as they need, and the widest cut where the screen is too narrow for all."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while (excess := sum(widths) + len(BETWEEN) * len(widths) - WIDTH) > 0:
        widest = max(widths)
        widths[widths.index(widest)] = max(widest - excess, widest // 2)
    return widths


def _list(found: Iterable[Finding]) -> Iterator[str]:
    for number, finding in enumerate(found, start=1):
        place = f"{finding.host}: " if finding.host else ""
        yield from textwrap.wrap(
            f"{place}{finding.what} {finding.do}".strip(),
            WIDTH,
            initial_indent=f"{number:>3}. ",
            subsequent_indent=" " * 5,
            break_long_words=False,
            break_on_hyphens=False,
        )
