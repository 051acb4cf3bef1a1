"""Reference data in which two deployments share the places."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "bpmn" / "reference"

CITY, PROVINCE = "huzhou", "zhejiang"
"""the two deployments"""

HOSTS = {"33": PROVINCE, "3305": CITY}
"""who carries the cases of a place and of those below it: the same data in both deployments"""


def shared(folder: Path, hosts: Mapping[str, str] = HOSTS) -> Path:
    """A copy, in this folder, of the shipped data with a column ``host`` in ``places.csv``."""
    shutil.copytree(REFERENCE, folder, dirs_exist_ok=True)
    with (REFERENCE / "places.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "places.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "host"])
        writer.writeheader()
        writer.writerows({**row, "host": hosts.get(row["code"], "")} for row in rows)
    return folder
