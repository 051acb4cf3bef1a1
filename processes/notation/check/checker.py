"""All findings about a set of files at once: every layer, every file, and never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from processes.notation.check.decisions import decision_findings, decision_ids
from processes.notation.check.findings import WARNING, Both, Finding, Place, Rule, Whole, arrange
from processes.notation.check.forms import form_findings
from processes.notation.check.rules import CHECKS
from processes.notation.check.sanity import is_imported_only, kind_by_name, parse
from processes.notation.check.schema import schema_findings
from processes.notation.check.twice import twice_findings
from processes.notation.check.world import Codes, World
from processes.notation.diagram import Diagram, Element, read

# Of 100,000 findings of one kind nobody reads more than the first.
MOST_PER_STEP = 1_000

STUMBLED = Rule(
    "check-failed", WARNING,
    "检查{it}时，检查程序的“{step}”一步自己出错了（{problem}），这一步没有查完。",
    "Checking {it}, the step {step} failed itself ({problem}): it is not complete.",
    "请把这个文件发给维护人员；其余各项检查仍然有效。", "Please send the file to the maintainers; all other checks hold.",
)  # fmt: skip


@dataclass(eq=False)
class _Files:
    """The files by what they turned out to be."""

    diagrams: list[Diagram] = field(default_factory=list)
    dmn: dict[str, Element] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)


def check_files(
    files: Mapping[str, bytes],
    *,
    context: Mapping[str, bytes] | None = None,
    codes: Codes | None = None,
    together: bool = True,
    deploying: bool = False,
) -> list[Finding]:
    """Everything to be said about these files (name → content), sorted; never raises.

    ``context``: further files that may answer references but are not checked themselves. ``codes``: roles, stages and job topics there are.
    ``together``: whether the files are one deployment, where nothing may be defined twice. ``deploying``: whether they are about to be put
    into force: what this engine needs is an error then in files that were made for another one too. Names that end in neither ``.bpmn``,
    ``.dmn`` nor ``.form.json`` are taken for what their content is; XML Schema and WSDL files only answer imports.
    """
    context = {name: body for name, body in (context or {}).items() if name not in files}
    findings: list[Finding] = []
    own = _sort(files, findings)
    around = _sort(context, [])
    owners: dict[str, list[str]] = {}
    for name, root in {**own.dmn, **around.dmn}.items():
        for decision in decision_ids(root):
            owners.setdefault(decision, []).append(name)
    world = World(
        diagrams=(*own.diagrams, *around.diagrams),
        decisions={decision: tuple(names) for decision, names in owners.items()},
        forms=frozenset(name.replace("\\", "/").rsplit("/", 1)[-1] for name in (*own.forms, *around.forms)),
        codes=codes or Codes(),
        dmn_roots={**own.dmn, **around.dmn},
        own=frozenset(files),
        present=frozenset({**context, **files}),
        together=together,
        deploying=deploying,
    )
    for diagram in own.diagrams:
        findings += _diagram(diagram, world)
    for name, root in own.dmn.items():
        findings += _careful(Whole(name), "decisions", partial(decision_findings, name, root, files[name]))
    for name in own.forms:
        findings += _careful(Whole(name), "forms", partial(form_findings, name, files[name]))
    findings += twice_findings(files, own.dmn, together)
    return arrange(findings)


def _sort(files: Mapping[str, bytes], findings: list[Finding]) -> _Files:
    """Read each file as what it is; what cannot be read goes to ``findings``."""
    found = _Files()
    for name, body in files.items():
        if kind_by_name(name) == "form":
            found.forms.append(name)
            continue
        if is_imported_only(name):
            continue
        try:
            xml, said = parse(name, body)
            findings += said
            if xml is not None and xml.kind == "dmn":
                found.dmn[name] = xml.root
            elif xml is not None:
                found.diagrams.append(read(name, xml.root))
        except Exception as error:
            findings.append(_stumbled(Whole(name), "sanity", error))
    return found


def _diagram(diagram: Diagram, world: World) -> list[Finding]:
    whole = Whole(diagram.file)
    findings = _careful(whole, "schema", partial(schema_findings, diagram))
    for check in CHECKS:
        step = f"{check.__module__.rsplit('.', 1)[-1]}.{check.__name__}"
        findings += _careful(whole, step, partial(check, diagram, world))
    return findings


def _careful(place: Place, step: str, produce: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The step's findings; if it falls over, those it had found and one that says so."""
    findings: list[Finding] = []
    try:
        findings.extend(islice(produce(), MOST_PER_STEP))
    except Exception as error:
        findings.append(_stumbled(place, step, error))
    return findings


def _stumbled(place: Place, step: str, error: Exception) -> Finding:
    problem = f"{type(error).__name__}: {error}"[:200]
    return STUMBLED.at(place, step=step, problem=Both(problem, problem))
