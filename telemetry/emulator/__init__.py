"""A Logfire on this machine: takes OTLP, keeps it, answers SQL, as Logfire does."""
