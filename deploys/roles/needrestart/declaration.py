"""Every host: after an update somebody sees which services still run what was replaced."""

from __future__ import annotations

from deploys.settings.declaration import Declaration

DECLARATION = Declaration(title="Needrestart", packages=("needrestart",))
