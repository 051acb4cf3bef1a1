"""What is seen from outside: metrics, health, logs, and the trace that a piece of work belongs to.

The lowest layer: everything above may say what it does here, and nothing here knows who listens. One module a concern:

- :mod:`.here`: which command, case and trace the running thread works on (a context variable, set at the doors),
- :mod:`.trace`: the W3C trace context that comes in with requests and messages and goes out with messages,
- :mod:`.logs`: log lines that carry both, as text or JSON,
- :mod:`.metrics`: the registry that Prometheus reads, and its page,
- :mod:`.health`: whether the process lives, and whether it is ready,
- :mod:`.server`: a small HTTP port for processes that have none of their own.
"""
