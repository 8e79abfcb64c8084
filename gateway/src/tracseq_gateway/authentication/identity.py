"""Who a token says that the caller is."""

import re
from dataclasses import dataclass, field

FIELD_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
"""What may stand in a header field without changing the request (RFC 9110, 5.5)."""


@dataclass(slots=True)
class Identity:
    """A verified caller.

    Attributes:
        user: the token's subject.
        tenant: the caller's tenant, or empty.
        roles: the caller's roles.
        token_id: the token's ``jti``, or empty.
        expires_at: seconds since 1970 after which the token is no longer taken, leeway included.
        field_lines: the lines that tell services all this.
        revoked: the token was found to be revoked.
        revocation_checked_at: the loop's time of the last look at the revoked tokens.
    """

    user: str
    tenant: str
    roles: frozenset[str]
    token_id: str
    expires_at: float
    field_lines: bytes = field(init=False)
    revoked: bool = False
    revocation_checked_at: float = float("-inf")

    def __post_init__(self) -> None:
        lines = [f"x-user-id: {self.user}\r\n"]
        if self.tenant:
            lines.append(f"x-tenant-id: {self.tenant}\r\n")
        if self.roles:
            lines.append(f"x-roles: {','.join(sorted(self.roles))}\r\n")
        self.field_lines = "".join(lines).encode("ascii")


def is_field_text(text: str) -> bool:
    """Whether a text can be told to services in a header field."""
    return FIELD_TEXT.fullmatch(text) is not None
