"""Alerts of Logfire, brought to Slack: one thread for each incident.

A webhook calls ``dpl_on_alert``, which records what happened and answers; Slack is written to by
``dpl_post_incident``, a task that is tried again for as long as Slack does not take it.
"""

from functions.pipeline import ON_ALERT

__all__ = ["ON_ALERT"]
