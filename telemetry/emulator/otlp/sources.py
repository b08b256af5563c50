"""Where rows come from: the columns of the resource and the scope.

A request has few resources and scopes and many rows, so each is read once and then repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from telemetry.emulator.otlp.attributes import first_of
from telemetry.emulator.otlp.columns import alias, texts
from telemetry.emulator.otlp.values import to_json
from telemetry.errors import InvalidPayload
from telemetry.sql.schema import RESOURCE_ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry.emulator.otlp.attributes import AttributeReader, Attributes

MAX_REPEATED: Final = 256 * 2**20
"""Bytes that the resources and scopes of one request may come to in its rows. A body of some
megabytes could otherwise come to terabytes; the SDK's batches come to less than one megabyte."""


@dataclass(frozen=True, slots=True)
class Source:
    """Hold a resource and a scope of it.

    Attributes:
        resource: The resource's attributes.
        resource_json: The same as text.
        scope_name: "" where there is none.
        scope_version: "" where there is none.
        scope_json: The scope's attributes as text.
    """

    resource: Attributes
    resource_json: bytes
    scope_name: str
    scope_version: str
    scope_json: bytes


class Sources:
    """Collect the sources of a request, and which row has which.

    Args:
        reader: Of the request's attributes.
    """

    def __init__(self, reader: AttributeReader) -> None:
        self._reader = reader
        self.found: list[Source] = []
        self.owners: list[int] = []

    def collect(self, groups: Iterable[Any], scopes: str, items: str) -> list[Any]:
        """Return the items of a request, one after the other, each with its owner noted.

        Args:
            groups: ``ResourceSpans``, ``ResourceLogs`` or ``ResourceMetrics``.
            scopes: The name of the field that holds what came from one scope.
            items: The name of the field in it that holds spans, logs or metrics.

        Raises:
            InvalidPayload: An attribute cannot be read.
        """
        collected: list[Any] = []
        for group in groups:
            resource = self._reader.read(group.resource.attributes)
            resource_json = to_json(resource)
            for scoped in getattr(group, scopes):
                scope = scoped.scope
                source = Source(
                    resource,
                    resource_json,
                    scope.name,
                    scope.version,
                    to_json(self._reader.read(scope.attributes)),
                )
                before = len(collected)
                collected.extend(getattr(scoped, items))
                self.owners.extend([len(self.found)] * (len(collected) - before))
                self.found.append(source)
        return collected

    def columns(self, owners: list[int], schema: pa.Schema) -> dict[str, pa.Array]:
        """Return the columns of resource and scope.

        Args:
            owners: Per row, the index of its source.
            schema: The table's, which need not have all aliases.

        Raises:
            InvalidPayload: They would come to more than ``MAX_REPEATED``.
        """
        self._check_size(owners)
        resources = [source.resource for source in self.found]
        present = frozenset().union(*resources)
        columns = {
            "otel_resource_attributes": texts([source.resource_json for source in self.found]),
            "otel_scope_name": texts([source.scope_name or None for source in self.found]),
            "otel_scope_version": texts([source.scope_version or None for source in self.found]),
            "otel_scope_attributes": texts([source.scope_json for source in self.found]),
        }
        for name, keys in RESOURCE_ALIASES.items():
            if name in schema.names:
                values = first_of(resources, keys, present) or [None] * len(resources)
                columns[name] = alias(name, values)
        indices = pa.array(owners, pa.int32())
        return {name: column.take(indices) for name, column in columns.items()}

    def _check_size(self, owners: list[int]) -> None:
        # Aliases repeat what is in the resource, so twice its text bounds them all.
        sizes = [
            2 * len(source.resource_json) + len(source.scope_json) + len(source.scope_name)
            for source in self.found
        ]
        repeated = sum(map(sizes.__getitem__, owners))
        if repeated > MAX_REPEATED:
            raise InvalidPayload(
                f"resource and scope would take {repeated} bytes in {len(owners)} rows, and"
                f" {MAX_REPEATED} is the limit: send fewer at a time, or fewer resource attributes"
            )
