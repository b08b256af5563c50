"""Alerts as code that runs: evaluated at a moment, tested on a time line, tried on history."""
