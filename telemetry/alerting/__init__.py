"""Alerts and panels as code that runs.

Evaluated at a moment, tested on a time line; alerts also tried on history.
"""
