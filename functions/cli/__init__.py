"""The verbs that ``functions`` adds to the ``mystage`` command, one module each."""
