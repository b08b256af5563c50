"""Put blobs in a process of its own, for ever: ``blob_worker.py FOLDER``; prints each key."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from functions.runtime.blobs import FolderBlobs


def main() -> None:
    blobs = FolderBlobs(Path(sys.argv[1]))
    for number in count():
        print(blobs.put(b"%d " % number * 50_000), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
