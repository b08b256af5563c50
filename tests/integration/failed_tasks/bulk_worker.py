"""Work off what waits in a folder until it is killed: ``bulk_worker.py FOLDER``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from toy_world import open_world

from functions.runtime.sent_tasks import SENT_TASKS, SentTask
from functions.runtime.sweeper import sweep


def main(folder: Path) -> None:
    """Deliver whatever there is, again and again."""
    with open_world(folder) as world:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            sweep(world.runtime, older_than=timedelta(0))
            for document in world.runtime.store.query(SENT_TASKS):
                sent = SentTask.from_document(document)
                function = world.runtime.pipeline.stage(sent.stage).function
                headers = {"X-CloudTasks-TaskName": sent.task_id}
                world.runtime.handle(function, headers, sent.body)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
