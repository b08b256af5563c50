"""How soon a dashboard is painted in a browser, and how soon ``mystage up`` is ready.

Prints one JSON document. A data folder is filled with a million made-up spans over 24 hours, and
``mystage up`` is started on it. Then a real browser opens the dashboard with the most panels over
the whole day, several times: from the request until every panel's picture and numbers are there,
and the page has been painted with them. The reference, in the same run: the same panels' queries
through the query API, one after the other, without any page. The figures are medians.

    python benchmarks/bench_console.py [--rows 1000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_backtest import fill
from logfire.query_client import LogfireQueryClient
from playwright.sync_api import sync_playwright

from telemetry.child import ServingProcess
from telemetry.definitions import Dashboard, PanelKind, load_definitions, load_names
from telemetry.emulator.address import find_emulator
from telemetry.preview.asking import Choice, panel_sql

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
PAINTED_GOAL = 2.0
READY_GOAL = 3.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAINTED = """() => {
  const panels = [...document.querySelectorAll('[data-panel]')];
  return panels.length > 0
    && panels.every((each) => each.getAttribute('aria-busy') !== 'true')
    && [...document.images].every((each) => each.complete && each.naturalWidth > 0);
}"""
