"""The dashboard ``mystage-state``: what mystage manages of objects that cannot carry a marker.

Channels and schedules have nothing but a label and what they do. So their ids, and fingerprints of
the channels' secrets, stand in a text panel of a dashboard of the project, for people to read too.
Without it nothing breaks: secrets are set once more, and nothing of these kinds is ever deleted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telemetry.sync.markers import add_marker
from telemetry.sync.shapes import as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_SLUG: Final = "mystage-state"
STATE_NAME: Final = "What mystage manages"

_PANEL: Final = "Managed"
_BLOCK: Final = re.compile(r"```json\n(.*?)\n```", re.DOTALL)
_TEXT: Final = """\
`mystage apply` keeps this: which channels and delivery schedules it manages, by label. A channel's
fingerprint tells whether its secret has changed; it does not tell the secret. If you delete this
dashboard, secrets are set once more, and channels and schedules are not deleted by `mystage prune`.

```json
{}
```
"""


@dataclass(frozen=True, slots=True)
class Managed:
    """Hold what is known of a channel or schedule of ours.

    Attributes:
        id: Its id.
        fingerprint: Of its secret; "" where it has none, or none is known.
    """

    id: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Hold what mystage manages of channels and schedules, by label."""

    channels: Mapping[str, Managed] = field(default_factory=dict)
    schedules: Mapping[str, Managed] = field(default_factory=dict)


def read_state(definition: Any) -> State:
    """Return what a state dashboard says; of what cannot be read, nothing."""
    panels = as_mapping(as_mapping(as_mapping(definition).get("spec")).get("panels"))
    plugin = as_mapping(as_mapping(as_mapping(panels.get(_PANEL)).get("spec")).get("plugin"))
    found = _BLOCK.search(
        str(as_mapping(plugin.get("spec")).get("text") or "").replace("\r\n", "\n")
    )
    try:
        data = as_mapping(json.loads(found[1])) if found else {}
    except (ValueError, RecursionError):
        data = {}
    return State(channels=_entries(data.get("channels")), schedules=_entries(data.get("schedules")))


def _entries(value: Any) -> dict[str, Managed]:
    return {
        label: Managed(entry["id"], str(entry.get("fingerprint") or ""))
        for label, entry in as_mapping(value).items()
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def compile_state(state: State) -> dict[str, Any]:
    """Return the definition of the dashboard that says a state."""
    data = {
        name: {
            label: {
                "id": entry.id,
                **({"fingerprint": entry.fingerprint} if entry.fingerprint else {}),
            }
            for label, entry in sorted(entries.items())
        }
        for name, entries in (("channels", state.channels), ("schedules", state.schedules))
    }
    # Backticks would end the block of text that the data is in.
    written = json.dumps(data, indent=2, ensure_ascii=False).replace("`", "\\u0060")
    return {
        "kind": "Dashboard",
        "metadata": {"name": STATE_SLUG},
        "spec": {
            "display": {"name": STATE_NAME, "description": add_marker("", STATE_SLUG, data)},
            "duration": "1h",
            "refreshInterval": "0s",
            "variables": [],
            "panels": {
                _PANEL: {
                    "kind": "Panel",
                    "spec": {
                        "display": {"name": "Channels and schedules", "description": None},
                        "plugin": {"kind": "Markdown", "spec": {"text": _TEXT.format(written)}},
                        "queries": [],
                    },
                }
            },
            "layouts": [
                {
                    "kind": "Grid",
                    "spec": {
                        "display": {"title": STATE_NAME, "collapse": {"open": True}},
                        "items": [
                            {
                                "x": 0,
                                "y": 0,
                                "width": 24,
                                "height": 16,
                                "content": {"$ref": f"#/spec/panels/{_PANEL}"},
                            }
                        ],
                    },
                }
            ],
            "datasources": {},
        },
    }
