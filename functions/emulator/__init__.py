"""An emulator of Google Cloud Tasks, v2, over gRPC on the loopback interface.

How it fits together::

    client ─gRPC▶ service ─▶ admission ──┐ checks and completes
                     │        settings ──┘
                     ▼
                  writer ─▶ store ─▶ database     one thread, one commit for all that wait
                     │ durable
                     ▼
                 dispatcher ─▶ queues ─▶ rates, retries    a pure state machine, told the time
                     │
                     ▼
                  courier ─HTTP▶ the task's target

``functions.emulator.process.EmulatorProcess`` runs it as a child process,
``python -m functions.emulator`` and ``mystage emulate tasks`` on their own.
"""
