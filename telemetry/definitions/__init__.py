"""Dashboards, alerts and what belongs to them, as files.

``load_definitions`` reads them, ``all_queries`` gives their SQL to whoever checks or draws it, and
``compile_dashboard`` makes of a dashboard what Logfire keeps.
"""

from telemetry.definitions.alerts import Alert, Delivery, Slo
from telemetry.definitions.channels import Channel, Schedule
from telemetry.definitions.dashboards import Dashboard, Group, PersesDashboard
from telemetry.definitions.declarations import Declaration, Names, load_names
from telemetry.definitions.loader import (
    FOLDERS,
    Definition,
    Definitions,
    find_repeats,
    identity_of,
    load_definitions,
)
from telemetry.definitions.panels import Panel, PanelKind, QueryKind
from telemetry.definitions.perses import compile_dashboard
from telemetry.definitions.places import Place, Problem
from telemetry.definitions.queries import Purpose, Query, all_queries

__all__ = [
    "FOLDERS",
    "Alert",
    "Channel",
    "Dashboard",
    "Declaration",
    "Definition",
    "Definitions",
    "Delivery",
    "Group",
    "Names",
    "Panel",
    "PanelKind",
    "PersesDashboard",
    "Place",
    "Problem",
    "Purpose",
    "Query",
    "QueryKind",
    "Schedule",
    "Slo",
    "all_queries",
    "compile_dashboard",
    "find_repeats",
    "identity_of",
    "load_definitions",
    "load_names",
]
