"""What every stage runs on: payloads, unit of work, outbox, dispatcher, receipts, dead letters."""
