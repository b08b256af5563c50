"""Logfire's SQL: its tables, and how its dialect becomes what Apache DataFusion runs."""
