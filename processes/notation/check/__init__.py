"""Checks diagrams, decisions and forms before they run, and says at which element what to do instead.

>>> findings = check_files({"order.bpmn": data})          # name → content; never raises
>>> [(each.element, each.rule, each.zh) for each in findings if each.severity == "error"]
>>> print(render(check_paths([Path("bpmn")]), "zh"))

Layers: the file itself (``sanity``), BPMN's XML schema (``schema``), and the rules (``rules``): of the standard, of this engine, of style;
decisions and forms beside them.
"""

from __future__ import annotations

from processes.notation.check.checker import check_files
from processes.notation.check.findings import Finding, Severity
from processes.notation.check.paths import check_paths
from processes.notation.check.render import render
from processes.notation.check.world import Codes

__all__ = ["Codes", "Finding", "Severity", "check_files", "check_paths", "render"]
