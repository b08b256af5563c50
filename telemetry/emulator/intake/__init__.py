"""What a request goes through before it meets the store, in processes of its own.

Unpacking, decoding and encoding are most of the work of ingest and all of it Python's, so that one
process could use one processor only, and would hold up queries and other requests.
"""

from __future__ import annotations

from telemetry.emulator.intake.decoders import Decoders
from telemetry.emulator.intake.requests import Declined, IngestRequest, Taken

__all__ = ["Declined", "Decoders", "IngestRequest", "Taken"]
