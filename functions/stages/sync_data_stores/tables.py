"""The tables that entities are brought into.

No foreign keys: an artist's row may arrive after that of a performance, since each entity travels
in a task of its own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA: Final = MetaData()

_ID: Final = 64


def _entity_table(name: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        METADATA,
        Column("id", String(_ID), primary_key=True),
        Column("version", Integer, nullable=False),
        Column("name", Text, nullable=False),
        Column("url", Text),
        *columns,
    )


TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        "venues": _entity_table(
            "venues",
            Column("street", Text),
            Column("city", Text),
            Column("region", Text),
            Column("postal_code", Text),
            Column("country", Text),
            Column("latitude", Float),
            Column("longitude", Float),
        ),
        "artists": _entity_table("artists"),
        "performances": _entity_table(
            "performances",
            Column("venue_id", String(_ID), index=True),
            Column("start_date", String(10), index=True),
            Column("start_time", String(8)),
            Column("utc_offset", String(6)),
            Column("end_date", String(10)),
            Column("end_time", String(8)),
            Column("doors_time", String(8)),
            Column("status", String(20)),
            Column("kind", Text),
            Column("description", Text),
            Column("image", Text),
            Column("online", Boolean),
        ),
    }
)
"""One table for each entity; a column holds the entity's field of that name."""

LINE_UP: Final = Table(
    "performance_artists",
    METADATA,
    Column("performance_id", String(_ID), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("artist_id", String(_ID), nullable=False, index=True),
)
"""Who plays, in the order of the bill, counted from 0."""
