"""What the pipeline adds to the console: its queues, and the sources it fetches."""

from functions.console.queues import queues_section
from functions.console.sources import sources_section

__all__ = ["queues_section", "sources_section"]
