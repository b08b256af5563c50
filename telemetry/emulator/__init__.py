"""A Logfire on this machine: takes OTLP, keeps it, and answers Logfire's SQL over Logfire's APIs."""
