"""Findings for a terminal: by file, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from processes.notation.check.findings import Finding, Severity
from processes.notation.labels import Language

WORDS: dict[Language, dict[Severity, str]] = {
    "zh": {"error": "错误", "warning": "警告", "info": "提示"},
    "en": {"error": "error", "warning": "warning", "info": "note"},
}


def render(findings: Sequence[Finding], language: Language = "zh") -> str:
    """The findings grouped by file, and a last line that counts them."""
    lines: list[str] = []
    file = None
    for finding in findings:
        if finding.file != file:
            file = finding.file
            lines += ["", file] if lines else [file]
        lines += _lines(finding, language)
    lines += ["", _summary(findings, language)] if lines else [_summary(findings, language)]
    return "\n".join(lines)


def _lines(finding: Finding, language: Language) -> list[str]:
    said, remedy = (finding.zh, finding.remedy_zh) if language == "zh" else (finding.en, finding.remedy_en)
    where = _where(finding, language)
    word = WORDS[language][finding.severity]
    head = f"  {word}  {where}{said}  [{finding.rule}]"
    return [head, f"        {'改法：' if language == 'zh' else 'Remedy: '}{remedy}"]


def _where(finding: Finding, language: Language) -> str:
    """Line and id, where the sentence itself does not name them."""
    said = finding.zh if language == "zh" else finding.en
    parts: list[str] = []
    if finding.line is not None:
        parts.append(f"第 {finding.line} 行" if language == "zh" else f"line {finding.line}")
    if finding.element is not None and not finding.element.startswith("line ") and finding.element not in said:
        parts.append(finding.element)
    if not parts:
        return ""
    return " ".join(parts) + ("：" if language == "zh" else ": ")


def _summary(findings: Sequence[Finding], language: Language) -> str:
    count = {severity: sum(each.severity == severity for each in findings) for severity in WORDS["zh"]}
    if language == "zh":
        if not findings:
            return "没有发现问题。"
        return f"共 {count['error']} 个错误、{count['warning']} 个警告、{count['info']} 个提示。"
    if not findings:
        return "Nothing found."
    return f"{count['error']} errors, {count['warning']} warnings, {count['info']} notes."
