"""Brings the database's tables to the state that this release needs."""

import logging

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


def migrate() -> bool:
    """Run ``alembic upgrade head``; tell whether it worked, and log why not."""
    # Alembic tells of each part of its own that it loads.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    configuration = Config()
    configuration.set_main_option("script_location", "tracseq_gateway:audit/migrations")
    try:
        command.upgrade(configuration, "head")
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        SQLAlchemyError,
        CommandError,
    ) as error:
        log.error("The database of DATABASE_URL cannot be migrated: %s: %s", type(error).__name__, error)
        return False
    return True
