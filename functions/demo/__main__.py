"""``make demo``: the pipeline over sample pages, checked against what is known to be on them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

from functions.demo.site import DemoSite

PAGES: Final = Path(__file__).parent / "pages"
DATA: Final = Path(".mystage/demo")
