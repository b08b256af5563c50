"""The emulator on the wire: OTLP ingest and the query API."""
