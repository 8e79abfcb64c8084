"""The folder in which several workers keep their metrics for each other."""

import os
import shutil
from pathlib import Path

# The name is prometheus-client's; it is read when that package is imported, which the
# process that starts the workers never does.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare_metrics_folder(state_directory: Path) -> None:
    """Make an empty folder for the workers that will be started, and tell them of it.

    Raises:
        OSError: the folder cannot be made.
    """
    folder = state_directory / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[VARIABLE] = str(folder)


def forget_process(process_id: int) -> None:
    """Drop the gauges of a worker that has ended; what it counted stays counted."""
    for file in Path(os.environ[VARIABLE]).glob(f"gauge_live*_{process_id}.db"):
        file.unlink(missing_ok=True)
