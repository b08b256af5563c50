"""Tasks that were given up: kept with all that is known of them, and brought back to life.

A failed task is a document of ``failed_tasks``. A retry is a new task, under a name that tells
which document it belongs to, so its outcome finds its way back by itself: what fails again updates
the document, and what succeeds resolves it.
"""
