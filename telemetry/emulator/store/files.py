"""Files that are there as a whole or not at all, also after the power failed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

TEMPORARY: Final = ".tmp"
"""What the name of a file ends with that is still being written."""

DAMAGED: Final = ".damaged"
"""What the name of a file ends with that was set aside because its content cannot be trusted."""


def sync_content(descriptor: int) -> None:
    """Put a file's content on the disk."""
    if hasattr(os, "fdatasync"):  # macOS has none
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk: a new file's name is not there with its content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_file(aside: Path, path: Path) -> None:
    """Give a file that was written aside its name, once its content is on the disk.

    Raises:
        OSError: The disk refuses.
    """
    descriptor = os.open(aside, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.replace(path)
    sync_folder(path.parent)


def set_aside(path: Path) -> Path:
    """Rename a damaged file out of the way, never over another one, and return its new name."""
    target = path.with_name(path.name + DAMAGED)
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{number}{DAMAGED}")
    path.rename(target)
    return target
