"""Restores the newest backup with all WAL, proves it, and throws it away; how that went is kept."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from tracseq_backup import plan, record, restored
from tracseq_backup.choice import Refused
from tracseq_backup.goal import Goal
from tracseq_backup.settings import Settings, load


def drilled(settings: Settings, values: dict[str, Any]) -> None:
    """
    Drill once, and say in the values what was found.

    Raises:
        Refused: where the backup does not serve.
    """
    path = Path(settings.restore_directory) / "drill"
    shutil.rmtree(path, ignore_errors=True)
    chosen = plan.planned(settings, Goal())
    values |= {"label": chosen["label"], "size": chosen["size"], "age": time.time() - chosen["stopped"]}
    plan.roomy(settings, chosen)
    try:
        found = restored.make(settings, path, chosen["label"], Goal(), slot="", thorough=True)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    tables = [rows for database in found["rows"].values() for rows in database.values()]
    values |= {
        "committed": found["committed"],
        "tables": len(tables),
        "rows": sum(tables),
        "answer": found["answer"],
    }


def main() -> None:
    """Drill once."""
    settings, began = load(), time.time()
    values: dict[str, Any] = {}
    problems = []
    try:
        with restored.turn(waits=True):
            drilled(settings, values)
    except (Refused, OSError) as error:
        problems.append(str(error))
    took = time.time() - began
    result = {"result": "failed" if problems else "well", "problems": problems, "seconds": took}
    record.write("drill", {**values, **result})
    record.fail(problems)
    print(
        f"Backup {values['label']} was restored in {took:.0f} s: {values['tables']} tables, {values['rows']} rows, "
        f"up to {values['committed'] or 'the end of the backup'}."
    )


if __name__ == "__main__":
    main()
