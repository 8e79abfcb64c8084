"""The API gateway in front of the laboratory platform's services."""

from importlib.metadata import version

__version__: str = version("tracseq-gateway")
