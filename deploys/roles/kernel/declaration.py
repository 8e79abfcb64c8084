"""Every host: a kernel that is tuned for its roles."""

from __future__ import annotations

from deploys.settings.declaration import Declaration

DECLARATION = Declaration(title="Kernel", packages=("kmod", "procps"))
