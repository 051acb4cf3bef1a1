"""A form's schema is an owner's text as well: nothing in it stalls, reaches out, or falls over."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from processes.casework import forms
from processes.casework.form_schema import BadSchema
from processes.notation.check import check_files

DOUBLING = {
    f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}, {"$ref": f"#/$defs/d{level + 1}"}]}
    for level in range(40)
} | {"d40": {}}


def _form(field: Any, **more: Any) -> forms.Form:
    return forms._read("f.form.json", json.dumps({"type": "object", "properties": {"x": field}, **more}).encode())


def _check(form: forms.Form, value: Any) -> Any:
    begun = time.thread_time()
    try:
        return forms.check(form, {"x": value}, {}, lambda text, variables: None)
    finally:
        assert time.thread_time() - begun < 2


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"])
def test_a_pattern_that_would_backtrack_takes_no_time(pattern: str) -> None:
    with pytest.raises(forms.FormErrors):
        _check(_form({"type": "string", "pattern": pattern}), "a" * 20_000 + "!\n\n")


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "pattern": "(?=a)a"},
        {"type": "string", "pattern": "(a)\\1"},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "((a{500}){500}){500}"},
        {"type": "string", "pattern": "a" * 2_000},
        {"$ref": "#/properties/x"},
        {"$ref": "#/$defs/d0"},
        {"$ref": "#/$defs/nobody"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"$dynamicRef": "#x"},
        {"anyOf": [{"$ref": "#"}, {"allOf": [{"$ref": "#/$defs/d0"}]}]},
        {"allOf": 1},
        {"multipleOf": 0, "type": "integer"},
    ],
)
def test_a_schema_that_cannot_be_worked_with_is_said_to_be_the_owners_fault(field: Any) -> None:
    form = _form(field, **{"$defs": DOUBLING})
    with pytest.raises((BadSchema, forms.FormErrors)) as told:
        _check(form, "aaa" if "multipleOf" not in field else 3)
    assert "表单" in told.value.zh or "不" in told.value.zh


def test_long_lists_are_not_compared_item_by_item() -> None:
    form = _form({"type": "array", "items": {}, "uniqueItems": True})
    with pytest.raises(forms.FormErrors):
        _check(form, [{"a": number} for number in range(100_000)])


def test_what_forms_need_still_works() -> None:
    form = _form(
        {"type": "object", "properties": {"a": {}}, "patternProperties": {"^b": {"type": "string"}}, "additionalProperties": False}
    )  # fmt: skip
    assert _check(form, {"a": 1, "bc": "x"}) == {"x": {"a": 1, "bc": "x"}}
    for wrong in ({"c": 1}, {"bc": 1}):
        with pytest.raises(forms.FormErrors):
            _check(form, wrong)
    phone = _form({"type": "string", "pattern": "^1[0-9]{10}$"})
    assert _check(phone, "13800000000") == {"x": "13800000000"}


@pytest.mark.parametrize("body", [b"[", b"[]", b'{"properties": []}', b"[" * 100_000, b"\xff"])
def test_a_form_that_cannot_be_read_is_no_form(body: bytes) -> None:
    with pytest.raises(forms.NoForm):
        forms._read("bad.form.json", body)


def test_numbers_that_are_none_stay_text() -> None:
    for text in ("nan", "inf", "1e999"):
        with pytest.raises(forms.FormErrors):
            _check(_form({"type": "number"}), text)


@pytest.mark.parametrize("inner", [{"pattern": "(?=a)"}, {"items": {"pattern": "(a)\\1"}}, {"unevaluatedProperties": False},
                                   {"patternProperties": {"(?!a)": {}}}])  # fmt: skip
def test_check_finds_them_wherever_they_stand(inner: Any) -> None:
    schema = {"type": "object", "title": "t", "properties": {"x": {"title": "x", **inner}}}
    found = check_files({"f.form.json": json.dumps(schema).encode()})
    assert [each.rule for each in found if each.severity == "error"] == ["form-hint"]
    plain = {"type": "object", "title": "t", "properties": {"pattern": {"title": "x", "enum": ["(?=a)"]}}}
    assert check_files({"f.form.json": json.dumps(plain).encode()}) == []
