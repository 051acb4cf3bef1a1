"""答复模板: the words that people put into their answers, written by those who look after a place or a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import text
from gateway.context import services
from gateway.languages import language, said
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import duties_for
from processes.casework import answer_templates as store
from processes.casework.answer_templates import AnswerTemplate
from processes.casework.records import AnswerWords
from processes.casework.reference import KIND_BOARD, Reference
from processes.casework.views.head import Head
from processes.casework.views.head import head as find
from processes.errors import BihuanError
from processes.languages import CHINESE

NEW = "new"
"""the id of a template that is not there yet"""

LONGEST_TITLE, LONGEST = 60, 4000


@dataclass(frozen=True)
class Filled:
    """A template with what the case gives: ready to be put into a field."""

    title: str
    body: str


@dataclass(frozen=True)
class Whose:
    """Whom templates may be for: a whole place (``organisation`` None) or one of its boards."""

    place: str
    organisation: str | None
    name: str

    @property
    def value(self) -> str:
        """As the form sends it."""
        return f"{self.place}/{self.organisation or ''}"


@blueprint.get("/answers")
def answers() -> Response:
    """Those that the viewer looks after."""
    whose = _whose(snapshot().reference)
    with services().database.read() as connection:
        found = store.of_places(connection, list(dict.fromkeys(each.place for each in whose)))
    names = {(each.place, each.organisation): each.name for each in whose}
    mine = [each for each in found if (each.place, each.organisation) in names]
    reference = snapshot().reference
    return show("answers.html", here="answers", templates=mine, names=names, person=reference.person_name)


@blueprint.get("/answers/<template_id>")
def answer(template_id: str) -> Response:
    """One of them, to be changed; or a new one."""
    if template_id == NEW:
        return _page(template_id, _whose(snapshot().reference)[0].value, "", "")
    found = _mine(template_id)
    return _page(template_id, f"{found.place}/{found.organisation or ''}", found.title, found.body)


@blueprint.post("/answers/<template_id>")
def save_answer(template_id: str) -> AnyResponse:
    """Keep what was written."""
    title = request.form.get("title", "").strip()
    body = request.form.get("body", "").strip().replace("\r\n", "\n")
    known = None if template_id == NEW else _mine(template_id)
    of = known or next((each for each in _whose(snapshot().reference) if each.value == request.form.get("whose")), None)
    if of is None:
        abort(403)
    errors = dict(_problems(title, body))
    if not errors:
        words = AnswerWords(of.place, of.organisation, title, body)
        try:
            with services().database.write() as connection:
                store.save(connection, known.id if known else None, words, viewer().id, services().clock.now())
        except BihuanError as error:
            errors["body"] = said(error)
    if errors:
        return _page(template_id, f"{of.place}/{of.organisation or ''}", title, body, errors)
    flash(_("模板“%(title)s”已保存。", title=title))
    return redirect(url_for("staff.answers"))


@blueprint.post("/answers/<template_id>/delete")
def delete_answer(template_id: str) -> AnyResponse:
    """Delete one."""
    found = _mine(template_id)
    with services().database.write() as connection:
        store.remove(connection, found.id)
    flash(_("模板“%(title)s”已删除。", title=found.title))
    return redirect(url_for("staff.answers"))


def filled(found: Sequence[AnswerTemplate], head: Head, organisation: str | None) -> list[Filled]:
    """Templates with what a case gives."""
    # They are Chinese, whatever the language of the page: so are the names and the date that go into them.
    reference, today = services().snapshots.now().reference, text.chinese_date(services().clock.now())
    named = head
    if found and language() != CHINESE:
        with services().database.read() as connection:
            named = find(connection, reference, case_id=head.id) or head
    values = store.values_of(named, reference, organisation, viewer().id, today)
    return [Filled(each.title, store.filled(each.body, values)) for each in found]


def _page(template_id: str, whose: str, title: str, body: str, errors: dict[str, str] | None = None) -> Response:
    return show(
        "answer.html",
        422 if errors else 200,
        here="answers",
        template_id=template_id,
        is_new=template_id == NEW,
        whose=whose,
        choices=_whose(snapshot().reference),
        title=title,
        body=body,
        places=store.PLACES,
        errors=errors or {},
        longest_title=LONGEST_TITLE,
        longest=LONGEST,
    )


def _problems(title: str, body: str) -> Iterator[tuple[str, str]]:
    if not title:
        yield "title", _("请填写“名称”")
    elif len(title) > LONGEST_TITLE:
        yield "title", _("“名称”最多%(most)s个字", most=LONGEST_TITLE)
    if not body:
        yield "body", _("请填写“内容”")
    elif len(body) > LONGEST:
        yield "body", _("“内容”最多%(most)s个字", most=LONGEST)


def _mine(template_id: str) -> AnswerTemplate:
    """One that the viewer looks after; 404 for any other."""
    whose = _whose(snapshot().reference)
    with services().database.read() as connection:
        found = store.of_places(connection, list(dict.fromkeys(each.place for each in whose)))
    allowed = {(each.place, each.organisation) for each in whose}
    mine = next((each for each in found if each.id == template_id), None)
    if mine is None or (mine.place, mine.organisation) not in allowed:
        abort(404)
    return mine


def _whose(reference: Reference) -> list[Whose]:
    """Who serves at a board looks after the board's; whoever looks after the place, after the place's and all its boards'."""
    found: dict[str, Whose] = {}
    for duty in duties_for("answers", viewer().authority):
        organisation = reference.organisations.get(duty.organisation or "")
        if organisation is not None and organisation.kind == KIND_BOARD:
            own = [Whose(duty.place, organisation.id, organisation.name)]
        else:
            whole = _("%(place)s（全部）", place=reference.place_name(duty.place))
            boards = reference.of_kind(duty.place, KIND_BOARD)
            own = [Whose(duty.place, None, whole), *(Whose(duty.place, each.id, each.name) for each in boards)]
        found |= {each.value: each for each in own}
    return list(found.values())
