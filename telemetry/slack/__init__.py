"""Slack: what it takes, and a stand-in for it that keeps messages and shows them.

Each module stands for itself: what writes messages needs no web framework.
"""
