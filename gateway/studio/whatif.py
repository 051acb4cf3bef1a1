"""用以往的问题推演: the cases of a period are played on a draft; how far it is, what would be different, and each case both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Row
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.addresses import row_number
from gateway.context import services
from gateway.languages import language
from gateway.staff.pages import show, snapshot, viewer
from gateway.studio import whatif_words
from gateway.studio.pages import blueprint, drawn_name, findings, own, place_name, together
from gateway.text import HERE, day
from processes.casework import access
from processes.casework.model_drafts import Draft
from processes.casework.views.models import Drawing, read_drawings
from processes.notation.bundle import content_hash
from processes.notation.check.findings import ERROR
from processes.notation.english import named_in
from processes.runtime.engine import Engine
from processes.whatif import results, runs
from processes.whatif.comparison import SAME, VERDICTS

DAYS = 30
"""Days of a run unless others are asked for."""

FLOW = "sequenceFlow"

LONGEST = 366
"""Days that can be asked for."""


@blueprint.get("/drafts/<draft_id>/whatif")
def whatif_ask(draft_id: str) -> Response:
    """Of which period?"""
    today = snapshot().calendar.local_date(services().clock.now())
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        before = results.of_draft(connection, draft.id)
        name = drawn_name(draft)
    return show(
        "studio/whatif_ask.html",
        here="studio",
        draft=draft,
        name=name,
        where=place_name(draft.place),
        since=(today - timedelta(days=DAYS)).isoformat(),
        until=today.isoformat(),
        today=today.isoformat(),
        longest=LONGEST,
        most=runs.MOST,
        before=before,
        states=whatif_words.states(),
        last_day=_last_day,
    )


@blueprint.post("/drafts/<draft_id>/whatif")
def whatif_begin(draft_id: str) -> AnyResponse:
    """Have them played; refused as long as the draft has errors."""
    here = services()
    with here.database.read() as connection:
        draft = own(connection, draft_id)
        files = together(connection, draft.place, draft.sent)
    again = redirect(url_for("studio.whatif_ask", draft_id=draft.id))
    period = _period(request.form.get("since", ""), request.form.get("until", ""))
    if period is None:
        flash(_("请填写起止日期：开始不晚于结束，最长 %(days)s 天。", days=LONGEST), "error")
        return again
    if any(each.severity == ERROR for each in findings(files)):
        flash(_("没有开始推演：草稿还有错误要改正。"), "error")
        return again
    with here.database.write() as connection:
        run_id = runs.begin(connection, own(connection, draft_id), *period, here.clock.now())
        auditing.note(connection, "model.whatif", f"whatif:{run_id}", process=draft.process, draft=draft.id)
    return redirect(url_for("studio.whatif_show", draft_id=draft.id, run_id=run_id))


@blueprint.get("/drafts/<draft_id>/whatif/<run_id>")
def whatif_show(draft_id: str, run_id: str) -> Response:
    """How far it is; then what would be different."""
    with services().database.read() as connection:
        draft, run = _run(connection, draft_id, run_id)
        found = results.summary(connection, run.id)
        verdict = _chosen(found, request.args.get("verdict", ""))
        after = request.args.get("after", -1, type=row_number)
        listed = results.cases(connection, run.id, verdict, _allowed(), after)
    drawing, load = _drawing(run), _load(run)
    return show(
        "studio/whatif.html",
        here="studio",
        draft=draft,
        run=run,
        name=drawn_name(draft),
        where=place_name(run.place),
        found=found,
        played=run.done - found.counts["unfaithful"],
        verdict=verdict,
        verdicts=whatif_words.verdicts(),
        states=whatif_words.states(),
        last_day=_last_day,
        listed=listed,
        more=listed[-1].position if len(listed) == results.PAGE else None,
        load=[each for each in load if each[1] != each[2]],
        unchanged=[each for each in load if each[1] == each[2]],
        most=max((max(was, would) for _who, was, would in load), default=0),
        drawing=drawing,
        marks=_marks(run, drawing),
        flows=_flows(run, drawing),
        words=whatif_words.step,
        shift=whatif_words.shift,
        moment=datetime.fromisoformat,
        changed=draft.revision != run.revision,
    )


@blueprint.post("/drafts/<draft_id>/whatif/<run_id>/stop")
def whatif_stop(draft_id: str, run_id: str) -> AnyResponse:
    """Leave the rest."""
    here = services()
    with here.database.write() as connection:
        _draft, run = _run(connection, draft_id, run_id)
        runs.stop(connection, run.id, here.clock.now())
    flash(_("已停止：没有推演到的不再推演，已有的结果都在。"))
    return redirect(url_for("studio.whatif_show", draft_id=draft_id, run_id=run_id))


@blueprint.get("/drafts/<draft_id>/whatif/<run_id>/<int:position>")
def whatif_case(draft_id: str, run_id: str, position: int) -> Response:
    """One case both ways, step by step."""
    with services().database.read() as connection:
        draft, run = _run(connection, draft_id, run_id)
        row = results.case(connection, run.id, position, _allowed())
        judged = _again(services().engine).play(connection, run, row.instance_id) if row is not None else None
        if row is None or judged is None:
            abort(404)
    return show(
        "studio/whatif_case.html",
        here="studio",
        draft=draft,
        run=run,
        row=row,
        name=drawn_name(draft),
        judged=judged,
        lines=results.side_by_side(judged),
        verdicts=whatif_words.verdicts(),
        words=whatif_words.of_effect,
        may_see="instances" in viewer().may,
    )


@blueprint.get("/drafts/<draft_id>/whatif/<run_id>.bpmn")
def whatif_drawing(draft_id: str, run_id: str) -> Response:
    """The diagram as it was played."""
    with services().database.read() as connection:
        _draft, run = _run(connection, draft_id, run_id)
    name, text = next(iter(run.files.items()))
    return Response(named_in(text.encode(), name, language()), mimetype="application/xml")


@lru_cache(2)
def _again(engine: Engine) -> results.Again:
    """What plays single cases for this engine's pages."""
    return results.Again(engine, services().snapshots)


def _run(connection: Connection, draft_id: str, run_id: str) -> tuple[Draft, Row[Any]]:
    """A run of the viewer's draft; anything else is not found."""
    draft = own(connection, draft_id)
    found = results.one(connection, draft.id, run_id)
    if found is None:
        abort(404)
    return draft, found


def _allowed() -> ColumnElement[bool]:
    """Cases that the viewer must know nothing of are not shown one by one."""
    reference = snapshot().reference
    return access.instances_of(viewer().authority, reference, reference.places)


def _chosen(found: results.Summary, asked: str) -> str:
    if asked in VERDICTS:
        return asked
    return next((each for each, count in found.counts.items() if count and each != SAME), SAME)


def _period(since: str, until: str) -> tuple[datetime, datetime] | None:
    """From the first moment of a day to the last of another, in China's time."""
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        return None
    if not 0 <= (last - first).days <= LONGEST or last.year > 9_000:
        return None
    begin, end = (datetime.combine(each, time(), HERE) for each in (first, last + timedelta(days=1)))
    return begin, end


def _last_day(until: datetime) -> str:
    """The last day of a period that ends before ``until``."""
    return day(until - timedelta(seconds=1))


def _drawing(run: Any) -> Drawing | None:
    body = next(iter(run.files.values())).encode()
    return next(
        (each for each in read_drawings(body, content_hash(body), language()) if each.process_id == run.process_id),
        None,
    )


def _load(run: Any) -> Sequence[tuple[str, int, int]]:
    """Tasks of each organisation before and after, those with the largest difference first."""
    rows = [(whatif_words.holder(name), int(was), int(would)) for name, (was, would) in run.load.items()]
    return sorted(rows, key=lambda row: (-abs(row[2] - row[1]), -row[1], row[0]))


def _own_counts(run: Any) -> Mapping[str, tuple[int, int]]:
    """Of the draft's own diagram: the flows that cases have left, or come to, and the elements where they part."""
    named = ([*name.split(" ", 1), sides] for name, sides in run.flows.items())
    return {element: (int(sides[0]), int(sides[1])) for process, element, sides in named if process == run.process_id}


def _marks(run: Any, drawing: Drawing | None) -> Mapping[str, Mapping[str, str]]:
    """The same as the diagram's script takes it."""
    if drawing is None:
        return {}
    counts = {each: sides for each, sides in _own_counts(run).items() if each in drawing.tags}
    return {
        each: whatif_words.mark(*sides) if drawing.tags[each] == FLOW else whatif_words.parted(sides[1])
        for each, sides in counts.items()
    }


def _flows(run: Any, drawing: Drawing | None) -> Sequence[tuple[str, int, int]]:
    """The same as a table, by the names at both ends."""
    if drawing is None:
        return ()
    ends = whatif_words.ends(next(iter(run.files.values())), drawing)
    rows = [(ends[each], lost, gained) for each, (lost, gained) in _own_counts(run).items() if each in ends]
    return sorted(rows, key=lambda row: -(row[1] + row[2]))
