"""Bringing Logfire to what the definitions say: plan, apply, drift, import, prune.

Definitions become ``Target``s, what Logfire holds becomes a ``Remote``; both are compared in their
canonical forms, and what differs is a ``Plan``. Nothing is written that no plan has shown.
"""
