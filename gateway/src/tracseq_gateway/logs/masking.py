"""Takes secrets and personal data out of what is logged."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

MASK = "***"
SECRET_FIELDS = (
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "birth_date",
    "birthdate",
    "client_secret",
    "code",
    "cookie",
    "email",
    "first_name",
    "id_token",
    "jwt",
    "last_name",
    "mail",
    "passwd",
    "password",
    "patient",
    "patient_id",
    "phone",
    "refresh_token",
    "secret",
    "session",
    "signature",
    "ssn",
    "token",
)

_TEXT_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(r"(?<=://)[^/@\s]*@"), f"{MASK}@"),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), MASK),
)


class Masker:
    """Masks the values of fields whose names are listed, and what looks like a secret."""

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self._fields = frozenset(SECRET_FIELDS) | {field.lower().replace("-", "_") for field in fields}
        names = "|".join(re.escape(name) for name in sorted(self._fields))
        self._assignment = re.compile(rf"(?i)\b({names})(\"?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&]+)")

    def query(self, query: str) -> str:
        """Mask the values in a query; the names stay, so that one sees what was asked."""
        return "&".join([self._parameter(part) for part in query.split("&")])

    def _parameter(self, part: str) -> str:
        name, equals, value = part.partition("=")
        if equals and unquote_plus(name).lower().replace("-", "_") in self._fields:
            return f"{name}={MASK}"
        return f"{name}{equals}{self.patterns(value)}" if equals else self.patterns(name)

    def patterns(self, text: str) -> str:
        """Mask what looks like a token, a mail address, or the password of an address."""
        text = text.replace("%40", "@")
        for pattern, replacement in _TEXT_PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def text(self, text: str) -> str:
        """Mask a message."""
        return self._assignment.sub(rf"\1\2{MASK}", self.patterns(text))
