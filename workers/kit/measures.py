"""What is counted and timed of the jobs that this process does."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from processes.observing.metrics import counter, gauge, histogram

DONE = counter("worker_jobs", "Jobs that this process has answered, by topic and by how they ended", "topic", "ending")
REPEATED = counter(
    "worker_jobs_repeated", "Messages of jobs that came again and were not done again, by topic", "topic"
)
SECONDS = histogram(
    "worker_job_seconds",
    "How long a job's handler took",
    "topic",
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0),
)
RUNNING = gauge("worker_jobs_running", "Jobs whose handlers are at work in this process", "topic")


@cache
def of(topic: str) -> tuple[Gauge, Histogram]:
    """How many of a topic's jobs are at work, and how long they took: found once, for to look for a metric takes longer than to count."""
    return RUNNING.labels(topic), SECONDS.labels(topic)


@cache
def done(topic: str, ending: str) -> Counter:
    """How many of a topic's jobs ended so."""
    return DONE.labels(topic, ending)
