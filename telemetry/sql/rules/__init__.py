"""The linter's rules, one a file: its docstring says what it finds, and what to write instead.

To add one, add a file with a class that derives from ``QueryRule`` or ``ProjectRule``, and cases
in ``tests/unit/lint/cases/<code>.yml``. It is found by itself.
"""
