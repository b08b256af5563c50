"""What each stage's tasks say: ids of documents, never the documents themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.pipeline import ENTITIES
from functions.runtime.payload import ItemId, Payload
from telemetry import semconv

Id = Annotated[str, Field(min_length=1, max_length=200), ItemId()]
"""The id of a document; a payload's field of this type becomes an attribute of its stage's span."""


class ScheduleSources(Payload):
    """Look for sources that are due, and send them on."""


class SourcePage(Payload):
    """Fetch one source."""

    source_id: Id


class ProcessDocument(Payload):
    """Read the page that was fetched."""

    scrape_id: Id


class ExtractEvents(Payload):
    """Find the events of a page."""

    document_id: Id


class ResolveEntities(Payload):
    """Tell which venues, artists and performances an extraction speaks of."""

    extraction_id: Id


class RecordSources(Payload):
    """Record what a source says of the entities of a resolution.

    Attributes:
        unchanged: The page was fetched again and says the same: they are seen again, no more.
    """

    resolution_id: Id
    unchanged: bool = False


class EntityRef(BaseModel):
    """Point at one entity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[str, Field(pattern=f"^({'|'.join(ENTITIES)})$")]
    id: Id

    def __str__(self) -> str:
        """Return it as the attribute ``entity_ids`` tells it."""
        return f"{self.kind}/{self.id}"


Entities = Annotated[tuple[EntityRef, ...], ItemId(semconv.ENTITY_IDS)]


class WriteEntities(Payload):
    """Write what all sources together say of these entities."""

    entities: Entities


class SyncEntities(Payload):
    """Bring these entities into the data stores."""

    entities: Entities
