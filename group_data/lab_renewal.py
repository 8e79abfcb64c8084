"""The lab whose hosts renew their certificates: what it has of its own, beside group_data/lab.py."""

from json import loads as _loads
from pathlib import Path as _Path

# The lab's, as a scenario copies it: one host may sign for it.
authority_directory = ".state/lab-renewal/authority"
certificate_authority = "backup1"

# The catalogue is what a scenario has made.
_made = _Path(".cache/lab_services/services.json")
services = _loads(_made.read_text()) if _made.exists() else {}
