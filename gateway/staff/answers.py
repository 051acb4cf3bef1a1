"""答复模板: the words that people put into their answers, written by those who look after a place or a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import text
from gateway.context import services
from gateway.languages import language, pick
from gateway.problems import Unfit, Wrong, both
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import duties_for
from processes.casework import answer_templates as store
from processes.casework.answer_templates import AnswerTemplate
from processes.casework.records import AnswerWords
from processes.casework.reference import KIND_BOARD
from processes.casework.views.head import Head
from processes.casework.views.head import head as find
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
    reference = snapshot().reference
    names = {(each.place, each.organisation): each.name for each in whose()}
    return show("answers.html", here="answers", templates=mine(), names=names, person=reference.person_name)


@blueprint.get("/answers/<template_id>")
def answer(template_id: str) -> Response:
    """One of them, to be changed; or a new one."""
    if template_id == NEW:
        return _page(template_id, whose()[0].value, "", "")
    found = one(template_id)
    return _page(template_id, f"{found.place}/{found.organisation or ''}", found.title, found.body)


@blueprint.post("/answers/<template_id>")
def save_answer(template_id: str) -> AnyResponse:
    """Keep what was written."""
    title, body = request.form.get("title", "").strip(), request.form.get("body", "")
    known = None if template_id == NEW else one(template_id)
    of = known or next((each for each in whose() if each.value == request.form.get("whose")), None)
    if of is None:
        abort(403)
    try:
        kept(known.id if known else None, of, title, body)
    except Unfit as error:
        wrong = {each.path.rpartition(".")[2]: pick(each.zh, each.en) for each in error.wrong}
        return _page(template_id, f"{of.place}/{of.organisation or ''}", title, body.strip(), wrong)
    flash(_("模板“%(title)s”已保存。", title=title))
    return redirect(url_for("staff.answers"))


@blueprint.post("/answers/<template_id>/delete")
def delete_answer(template_id: str) -> AnyResponse:
    """Delete one."""
    flash(_("模板“%(title)s”已删除。", title=removed(template_id).title))
    return redirect(url_for("staff.answers"))


def mine() -> list[AnswerTemplate]:
    """The templates that the viewer looks after."""
    allowed = whose()
    with services().database.read() as connection:
        found = store.of_places(connection, list(dict.fromkeys(each.place for each in allowed)))
    keys = {(each.place, each.organisation) for each in allowed}
    return [each for each in found if (each.place, each.organisation) in keys]


def one(template_id: str) -> AnswerTemplate:
    """One of them; 404 for any other."""
    found = next((each for each in mine() if each.id == template_id), None)
    if found is None:
        abort(404)
    return found


def kept(template_id: str | None, of: Whose | AnswerTemplate, title: str, body: str) -> str:
    """Keep a template's words, or make one (``template_id`` None); returns its id. Raises :class:`Unfit`."""
    title, body = title.strip(), body.strip().replace("\r\n", "\n")
    if wrong := list(_problems(title, body)):
        raise Unfit(wrong)
    words = AnswerWords(of.place, of.organisation, title, body)
    try:
        with services().database.write() as connection:
            return store.save(connection, template_id, words, viewer().id, services().clock.now())
    except store.UnknownPlace as error:
        raise Unfit([Wrong("body.body", error.zh, error.en)]) from error


def removed(template_id: str) -> AnswerTemplate:
    """Delete one of the viewer's; returns what it was."""
    found = one(template_id)
    with services().database.write() as connection:
        store.remove(connection, found.id)
    return found


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


def _page(template_id: str, chosen: str, title: str, body: str, errors: dict[str, str] | None = None) -> Response:
    return show(
        "answer.html",
        422 if errors else 200,
        here="answers",
        template_id=template_id,
        is_new=template_id == NEW,
        whose=chosen,
        choices=whose(),
        title=title,
        body=body,
        places=store.PLACES,
        errors=errors or {},
        longest_title=LONGEST_TITLE,
        longest=LONGEST,
    )


def _problems(title: str, body: str) -> Iterator[Wrong]:
    if not title:
        yield Wrong("body.title", *both(_l("请填写“名称”")))
    elif len(title) > LONGEST_TITLE:
        yield Wrong("body.title", *both(_l("“名称”最多%(most)s个字", most=LONGEST_TITLE)))
    if not body:
        yield Wrong("body.body", *both(_l("请填写“内容”")))
    elif len(body) > LONGEST:
        yield Wrong("body.body", *both(_l("“内容”最多%(most)s个字", most=LONGEST)))


def whose() -> list[Whose]:
    """For whom the viewer may write: who serves at a board looks after the board's; whoever looks after the place, after the place's and
    all its boards'."""
    reference, found = snapshot().reference, dict[str, Whose]()
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
