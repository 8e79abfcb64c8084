"""Secrets read from files named by ``<NAME>_FILE``, as systemd credentials are."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from tracseq_gateway.configuration.problem import ConfigurationError

SECRET_NAMES = (
    "DATABASE_URL",
    "JWT_PUBLIC_KEY",
    "JWT_SECRET_KEY",
    "REDIS_PASSWORD",
    "REDIS_URL",
)


def read_secret_file(name: str) -> str | None:
    """Return the secret that the file in ``<name>_FILE`` holds, or None when no file is named.

    One newline at the end of the file does not belong to the secret.

    Raises:
        ConfigurationError: the file cannot be read, or the variable is also set itself.
    """
    variable = f"{name}_FILE"
    path = os.environ.get(variable)
    if not path:
        return None
    if os.environ.get(name):
        raise ConfigurationError([f"{name} and {variable} are both set; keep only one of them."])
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            [f"{variable} names {path}, which cannot be read: {reason}. Give a readable file."]
        ) from error
    return text.removesuffix("\n").removesuffix("\r")


class SecretFilesSource(PydanticBaseSettingsSource):
    """A settings source of the secrets in ``<NAME>_FILE`` files."""

    def __init__(self, settings_class: type[BaseSettings]) -> None:
        super().__init__(settings_class)
        self.errors: list[str] = []

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return read_secret_file(field_name.upper()), field_name, False

    def __call__(self) -> dict[str, Any]:
        secrets: dict[str, Any] = {}
        problems: list[str] = []
        for name in SECRET_NAMES:
            try:
                secret = read_secret_file(name)
            except ConfigurationError as error:
                problems.extend(error.problems)
                continue
            if secret is not None:
                secrets[name.lower()] = secret
        if problems:
            raise ConfigurationError(problems)
        return secrets
