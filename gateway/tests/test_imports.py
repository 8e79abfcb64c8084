"""The modules import each other one way; what stands under TYPE_CHECKING counts too."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import tracseq_gateway

SOURCE = Path(tracseq_gateway.__file__).parent


def _name(file: Path) -> str:
    return ".".join(("tracseq_gateway", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def test_no_import_goes_round_in_a_circle() -> None:
    files = {_name(file): file for file in SOURCE.rglob("*.py")}
    imports: dict[str, set[str]] = {}
    for module, file in files.items():
        imports[module] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imports[module] |= {alias.name for alias in node.names} & files.keys()
            elif isinstance(node, ast.ImportFrom) and node.module:
                submodules = {f"{node.module}.{alias.name}" for alias in node.names} & files.keys()
                imports[module] |= submodules or {node.module} & files.keys()
    assert len(files) > 80
    TopologicalSorter(imports).prepare()
