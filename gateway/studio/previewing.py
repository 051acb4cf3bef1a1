"""Trying out what is being edited, without any effect: a decision on inputs, a form as people will see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, jsonify, render_template, request

from gateway.context import services
from gateway.languages import language
from gateway.staff import forms as faces
from gateway.studio.drafts import part, refused
from gateway.studio.pages import blueprint, diagram, own
from processes.casework import draft_files, forms
from processes.casework.form_fields import OPTIONS, SHOW
from processes.errors import BihuanError
from processes.notation.decisions.questions import MOST, Question, asked_by, questions, read_answers
from processes.notation.decisions.trial import try_decision


@blueprint.post("/drafts/<draft_id>/decide")
def decide(draft_id: str) -> Response:
    """What a decision (``decision``) asks for and, with ``given`` (JSON: question → what was typed), what it decides and which rules hit."""
    file, body = _file(draft_id)
    asked_for, functions = request.form.get("decision", ""), _functions()
    try:
        draft_files.checked(file, body)
        asked = questions(body, file, asked_for, functions)
        answer: dict[str, Any] = {"questions": _told(asked)}
        if "given" in request.form:
            variables = read_answers(_given(), asked)
            answer |= try_decision(body, file, variables, asked_for, functions, services().clock.now).to_dict()
    except BihuanError as error:
        return refused(422, error)
    return jsonify(answer)


@blueprint.post("/drafts/<draft_id>/preview")
def preview(draft_id: str) -> Response:
    """The form as the task's page shows it, with ``given`` (JSON: question → what was typed) for what its expressions look at."""
    file, body = _file(draft_id)
    functions = _functions()
    try:
        schema = draft_files.read_form(draft_files.checked(file, body))
        asked = asked_by(_expressions(schema), {*functions, *schema.get("properties", {})})
        evaluate = forms.evaluator(functions, services().clock.now)
        given = read_answers(_given(), asked)
        form = forms.Form(file, schema if given else _with_all_choices(schema)).in_language(language())
        shown = faces.view(form, {}, given, evaluate)
    except BihuanError as error:
        return refused(422, error)
    except (TypeError, AttributeError, KeyError, ValueError):
        return jsonify({"html": "", "questions": []})  # no schema at all: the check beside it says where
    return jsonify(
        {"html": render_template("studio/preview.html", form=shown, title=form.title), "questions": _told(asked)}
    )


def _told(asked: Sequence[Question]) -> list[Mapping[str, str]]:
    return [{"name": each.name, "type": each.type, "label": each.label} for each in asked]


def _file(draft_id: str) -> tuple[str, bytes]:
    with services().database.read() as connection:
        file = part(connection, own(connection, draft_id), request.form.get("file", ""))
    return file, diagram()


def _given() -> Mapping[str, str]:
    """What was typed at which question."""
    try:
        found = json.loads(request.form.get("given", "{}"))
    except (ValueError, RecursionError):
        return {}
    listed = list(found.items())[:MOST] if isinstance(found, dict) else []
    return {name: value for name, value in listed if isinstance(value, str)}


def _expressions(schema: Mapping[str, Any]) -> Iterator[str]:
    """The expressions of a form's fields and of the columns of its groups."""
    for field in schema.get("properties", {}).values():
        yield from (field[hint] for hint in (OPTIONS, SHOW) if isinstance(field.get(hint), str))
        if forms.is_group(field):
            yield from _expressions(field["items"])


def _with_all_choices(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form with every choice that its file lists, whatever an expression would leave out of them."""
    fields = {
        name: {key: value for key, value in field.items() if key != OPTIONS or not field.get("oneOf")}
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields}


def _functions() -> Mapping[str, Callable[..., Any]]:
    """What expressions may call; what somebody types is no reference to kept words, whatever it looks like."""
    return {**services().functions(language()), "text": lambda words: words if isinstance(words, str) else ""}
