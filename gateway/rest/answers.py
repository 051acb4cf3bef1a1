"""答复模板 for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort
from flask_babel import lazy_gettext as _l

from gateway.rest.blueprint import operation
from gateway.rest.shapes import ID, Shape, many, moment, said, string
from gateway.rest.tags import TASKS
from gateway.staff import answers as page
from processes.casework.answer_templates import AnswerTemplate


class AnswerShape(Shape):
    """Words that are used again, with ``{{places}}`` that a case fills."""

    id = string()
    place = string(_l("地区的代码"))
    organisation = string(_l("板块或单位；null：整个地区"), allow_none=True)
    title = string()
    body = string()
    edited_by = string(_l("谁改的；null：参考数据里的"), allow_none=True)
    edited_at = moment(none=False)


class WhoseShape(Shape):
    """For whom templates may be written: a place, or one of its boards."""

    place = string()
    organisation = string(allow_none=True)
    name = string()


class AnswersShape(Shape):
    """Those that the person looks after, and for whom there may be others."""

    templates = many(AnswerShape)
    whose = many(WhoseShape)


class Words(Shape):
    """What a template says."""

    title = said(_l("名称"), most=page.LONGEST_TITLE, least=1, required=True)
    body = said(_l("内容"), most=page.LONGEST, least=1, required=True)


class NewWords(Words):
    """The same of a new one, and whose it is to be."""

    place = said(_l("地区的代码"), required=True, least=1)
    organisation = said(_l("板块或单位；空：整个地区"), most=ID)


@operation("GET", "/answers", tag=TASKS, summary=_l("答复模板"), answer=AnswersShape)
def answers() -> Any:
    """The templates that the person looks after."""
    return {"templates": page.mine(), "whose": page.whose()}


@operation("POST", "/answers", tag=TASKS, summary=_l("新建答复模板"), body=NewWords, answer=AnswerShape, status=201)
def add_answer(given: Mapping[str, Any]) -> Any:
    """Make one, for whom the person may."""
    wanted = given["place"], given["organisation"] or None
    of = next((each for each in page.whose() if (each.place, each.organisation) == wanted), None)
    if of is None:
        abort(403)
    return page.one(page.kept(None, of, given["title"], given["body"]))


@operation("PUT", "/answers/<template_id>", tag=TASKS, summary=_l("修改答复模板"), body=Words, answer=AnswerShape)
def change_answer(given: Mapping[str, Any], template_id: str) -> Any:
    """Change its words."""
    found: AnswerTemplate = page.one(template_id)
    page.kept(found.id, found, given["title"], given["body"])
    return page.one(template_id)


@operation("DELETE", "/answers/<template_id>", tag=TASKS, summary=_l("删除答复模板"), status=204)
def remove_answer(template_id: str) -> Response:
    """Delete it."""
    page.removed(template_id)
    return Response(status=204)
