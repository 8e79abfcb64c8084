"""The command line: ``python -m tracseq_gateway [serve|check|migrate]``."""

import argparse
import logging
import sys

from tracseq_gateway.configuration.problem import ConfigurationError
from tracseq_gateway.configuration.settings import load_settings, removed_variables
from tracseq_gateway.logs.event_log import start_logging
from tracseq_gateway.logs.journal import is_journal, priority

WRONG_CONFIGURATION = 1
MIGRATION_FAILED = 5


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="tracseq_gateway", description="The laboratory platform's API gateway.")
    parser.add_argument(
        "command",
        nargs="?",
        choices=("serve", "check", "migrate"),
        default="serve",
        help="serve: run the gateway (the default); check: only check the configuration; "
        "migrate: bring the database up to date",
    )
    command = parser.parse_args().command
    try:
        settings = load_settings()
    except ConfigurationError as error:
        urgency = priority(logging.ERROR) if is_journal() else ""
        print(f"{urgency}The configuration has {len(error.problems)} error(s):", file=sys.stderr)
        for problem in error.problems:
            print(f"{urgency}- {problem}", file=sys.stderr)
        return WRONG_CONFIGURATION
    if command == "check":
        print("The configuration is valid.", *removed_variables())
        return 0
    start_logging(settings)
    for sentence in removed_variables():
        logging.getLogger("tracseq_gateway").warning(sentence)
    if command == "migrate":
        from tracseq_gateway.audit.migrate import migrate

        return 0 if migrate() else MIGRATION_FAILED
    # Imported late: the metrics' place must be known before their module is imported.
    from tracseq_gateway.server.process import serve

    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
