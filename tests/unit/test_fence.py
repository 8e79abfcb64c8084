"""The fence of a Postgres server, as far as it asks nobody."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

FENCE = Path("files/postgres/tracseq-fence").absolute()


def test_a_replica_starts_and_its_release_does_not_hold_for_the_start_after_a_promotion(tmp_path: Path) -> None:
    (tmp_path / "standby.signal").touch()
    released = tmp_path / "released"
    released.touch()
    environment = os.environ | {"FENCE_DATA": str(tmp_path), "FENCE_RELEASED": str(released)}
    done = subprocess.run(["bash", FENCE, "start", "15-main"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not released.exists()
