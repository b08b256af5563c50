"""The linter of dashboards and alerts: runs the rules of ``telemetry.sql.rules`` and reports."""
