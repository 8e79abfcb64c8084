"""Templates, rendered on the controller; a name that a template uses and nobody gives is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from pyinfra.api.exceptions import PyinfraError

TEMPLATES = Path("templates")

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # what is rendered are configuration files, not HTML
)


def render(template: str, **values: Any) -> str:
    """
    The text of a file.

    Args:
        template: path below templates/
        values: all that the template may name

    Raises:
        PyinfraError: naming the template and what is wrong in it.
    """
    try:
        return _environment.get_template(template).render(**values)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"{TEMPLATES}/{template}" + (f", line {line}" if line else "")
        raise PyinfraError(f"{where}: {error.message}. No host was touched.") from error
