"""Errors of the configuration, as sentences an administrator can act on."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class ConfigurationError(Exception):
    """The environment does not describe a gateway that can run.

    Attributes:
        problems: one sentence for each thing that is wrong, all of them at once.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def from_validation(error: ValidationError) -> ConfigurationError:
    """Turn pydantic's errors into sentences; no value of a variable appears in them."""
    return ConfigurationError([_sentence(detail) for detail in error.errors(include_input=False, include_url=False)])


def _sentence(detail: ErrorDetails) -> str:
    variable = str(detail["loc"][0]).upper() if detail["loc"] else "The environment"
    if detail["type"] == "missing":
        return f"{variable} is not set, and it has no default; set it in the environment."
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"{variable} is wrong: {message}."
