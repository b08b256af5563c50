"""What decoding a request gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry.errors import InvalidPayload

if TYPE_CHECKING:
    import pyarrow as pa

    from telemetry.emulator.arrow import StoredTable
    from telemetry.emulator.otlp.values import JsonValue


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """Hold the rows of one request.

    Attributes:
        table: Where they belong.
        rows: Of exactly ``table.schema``.
        attributes: Per row, what its ``attributes`` say; to be read only, for rows share values.
        rejected: How many spans, logs or points could not be stored.
        reason: Why; "" where none was rejected. Both make up OTLP's partial success
            (https://opentelemetry.io/docs/specs/otlp/#partial-success-1).

    Raises:
        InvalidPayload: All of it was rejected; Logfire then fails the request too
            (https://logfire.pydantic.dev/docs/reference/limits/).
    """

    table: StoredTable
    rows: pa.RecordBatch
    attributes: list[dict[str, JsonValue]]
    rejected: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        if self.rejected and not self.attributes:
            raise InvalidPayload(f"nothing in the request could be stored: {self.reason}")
