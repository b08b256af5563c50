"""Events from a page's schema.org data: JSON-LD, microdata and RDFa alike."""

from __future__ import annotations

from functions.stages.schema_org.extraction import read_events
from functions.stages.schema_org.types import EVENT_TYPES, holds_event

__all__ = ["EVENT_TYPES", "holds_event", "read_events"]
