"""Options that several verbs of the pipeline share."""

from __future__ import annotations

import os

import click

processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=lambda: min(os.cpu_count() or 1, 8),
    show_default="one per core, at most 8",
    help="How many processes serve the functions.",
)
fetch_timeout_option = click.option(
    "--fetch-timeout",
    type=click.FloatRange(0, 600, min_open=True),
    default=30.0,
    envvar="MYSTAGE_FETCH_TIMEOUT",
    show_default=True,
    help="Seconds for fetching one page, redirects and all.",
)
allow_private_option = click.option(
    "--allow-private",
    is_flag=True,
    help="Follow pages to addresses on this machine and in private networks, too."
    " Without it only a SOURCE itself may name one.",
)
