"""Every host: a firewall that drops what no rule lets through."""

from __future__ import annotations

from deploys.settings.declaration import Declaration

DECLARATION = Declaration(title="Firewall", packages=("iptables", "ufw"), units=("ufw.service",))
