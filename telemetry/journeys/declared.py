"""The pipeline's stages, as the installed packages declare them."""

from __future__ import annotations

from telemetry.definitions.declarations import load_names


def declared_stages() -> dict[str, str]:
    """Return the queue of each stage, in the order of an item's way."""
    return {each["name"]: each["queue"] for each in load_names().parameters.get("stages", ())}
