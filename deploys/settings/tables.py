"""
README's tables of roles, values and secrets, from what the declarations and their models say.

    python -m deploys.settings.tables          write them into README.md
    python -m deploys.settings.tables --check  end with 1 where README.md has others
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploys.settings import declarations
from deploys.settings.data import Data
from deploys.settings.service import Service
from deploys.settings.shared import EveryHost, Shared

README = Path("README.md")
BEGIN, END = "<!-- tables: make readme -->\n", "<!-- end of tables -->\n"
LONGEST_DEFAULT = 40
"""Characters; a longer default is better read in its file."""
CONNECTION = "how connections are made: without 40 ms of delay per execution"


def text() -> str:
    """All tables."""
    return "\n".join([*_roles(), *_values(), *_catalogue(), *_secrets()])


def _roles() -> Iterator[str]:
    yield "| role | hosts | needs first | listens on | packages |\n|---|---|---|---|---|"
    for declaration in declarations.all_roles().values():
        hosts = f"`{declaration.group}`" if declaration.group else "every host"
        if declaration.by_data:
            hosts += " (by data)"
        elif declaration.group and not declaration.required:
            hosts += " (a site need not have any)"
        ports = ", ".join(
            f"`{listener.port}`" if isinstance(listener.port, str) else str(listener.port)
            for listener in declaration.listeners
        )
        yield (
            f"| {declaration.title} | {hosts} | {', '.join(f'`{one}`' for one in declaration.after)} | {ports} "
            f"| {', '.join(declaration.packages)} |"
        )
    yield ""


def _values() -> Iterator[str]:
    files: dict[str, list[type[Data]]] = {"all": [Shared, EveryHost, *declarations.shared()]}
    for declaration in declarations.all_roles().values():
        if declaration.model:
            files.setdefault(declaration.group or "all", []).append(declaration.model)
    for name, models in files.items():
        yield f"`group_data/{name}.py`\n\n| value | default | what it is | source |\n|---|---|---|---|"
        fields = {key: field for model in models for key, field in model.model_fields.items()}
        for key, default in _defaults(name).items():
            field: Any = fields.get(key)
            what = field.description if field else CONNECTION
            source = field.json_schema_extra["source"] if field else "paramiko"
            yield f"| `{key}` | {default} | {what} | {source} |"
        yield ""


def _catalogue() -> Iterator[str]:
    yield "`services` in `group_data/all.py`, each entry\n\n| key | default | what it is |\n|---|---|---|"
    for key, field in Service.model_fields.items():
        default: Any = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
        shown = "" if default in (None, (), {}) else f"`{default!r}`".replace("'", '"')
        yield f"| `{key}` | {shown} | {field.description} |"
    yield ""


def _defaults(name: str) -> dict[str, str]:
    """The values of a file of group_data, as README shows their defaults."""
    values = {key: value for key, value in runpy.run_path(f"group_data/{name}.py").items() if key[0] != "_"}
    shown = {key: f"`{value!r}`".replace("'", '"') for key, value in values.items()}
    return {key: text if len(text) <= LONGEST_DEFAULT else "see the file" for key, text in shown.items()}


def _secrets() -> Iterator[str]:
    yield "| secret in `.env.<environment>` | characters at least |\n|---|---|"
    for name, length in declarations.secrets().items():
        yield f"| `{name}` | {length} |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write or check the tables."""
    before, _, rest = README.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    wanted = f"{before}{BEGIN}\n{text()}{END}{after}"
    if "--check" in arguments:
        if README.read_text() == wanted:
            return 0
        print("README.md: its tables are not those of the declarations and group_data. Run: make readme")
        return 1
    README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
