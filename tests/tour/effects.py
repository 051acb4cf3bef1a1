"""What the outside world saw of a case: every finished job had its effect there, and each exactly once."""

from __future__ import annotations

from collections import Counter

from gateway.client.player import Family, Play


def doubled(play: Play, family: Family) -> list[str]:
    """Jobs whose effect the systems have not, or more than once. A job's id is the key under which its effect stands."""
    channel = str(play.scenario.report["channel"])
    subjects = [(channel, play.original), *((system, case["number"]) for system in _SYSTEMS for case in family.cases)]
    seen: Counter[str] = Counter()
    for system, subject in subjects:
        rows = play.shown(f"{system}/effects?subject={subject}")
        seen.update(str(row["key"]) for row in rows if row.get("key"))
    done = {row["id"]: row["topic"] for row in family.all("jobs") if row["state"] == "done"}
    wrong = [f"外部系统没有收到 {topic}（{job}）" for job, topic in done.items() if not seen[job]]
    return wrong + [
        f"外部系统收到 {count} 次 {done[job]}（{job}）" for job, count in seen.items() if job in done and count > 1
    ]


_SYSTEMS = ("ratings", "seven-lists", "boards", "notices")
