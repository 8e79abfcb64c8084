"""The lab with services of its own: the catalogue is what a scenario has made, beside group_data/lab.py."""

from json import loads as _loads
from pathlib import Path as _Path

_made = _Path(".cache/lab_services/services.json")
services = _loads(_made.read_text()) if _made.exists() else {}
