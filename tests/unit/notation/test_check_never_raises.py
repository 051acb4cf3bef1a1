"""Whatever comes in, findings come out: random bytes, mutated diagrams, mutated forms."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from processes.notation.check import check_files, render

TESTS = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("broken", "valid") for path in (TESTS / folder).iterdir())
NAMES = st.sampled_from(["a.bpmn", "a.dmn", "a.form.json", "a.xml", "a", "目录/a.bpmn", "a.BPMN"])
SNIPPETS = st.sampled_from(
    [b'"', b"<", b">", b"/>", b"&amp;", b"&x;", b"]]>", b"\x00", b"\xff\xfe", b"=", b"id=", b"<!DOCTYPE x>", b"{", b"}", b'""', b"=" * 300,
     b"<bpmn:task/>", b'sourceRef=""', b"9" * 400, b"-1", b"(" * 200, "汉".encode(), b"<!--", b"<?x", b"xmlns=''"]
)  # fmt: skip


def run(name: str, body: bytes) -> None:
    findings = check_files({name: body})
    assert not [each for each in findings if each.rule == "check-failed"], findings
    assert render(findings, "zh")
    assert render(findings, "en")


@settings(deadline=None, derandomize=True)
@given(NAMES, st.binary(max_size=300))
def test_random_bytes_never_raise(name: str, body: bytes) -> None:
    run(name, body)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(SOURCES), st.data())
def test_a_mutated_file_never_raises(source: Path, data: st.DataObject) -> None:
    body = source.read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 40))
        body = body[:at] + data.draw(SNIPPETS) + body[at + cut :]
    run(source.name, body)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from([each for each in SOURCES if each.suffix == ".bpmn"]), st.data())
def test_swapped_attribute_values_never_raise(source: Path, data: st.DataObject) -> None:
    parts = source.read_bytes().split(b'"')
    if len(parts) > 3:
        odd = st.integers(0, len(parts) // 2 - 1).map(lambda n: 2 * n + 1)
        for _ in range(3):
            one, other = data.draw(odd), data.draw(odd)
            parts[one], parts[other] = parts[other], parts[one]
    run(source.name, b'"'.join(parts))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "properties", "required", "x-show", "x-options", "$ref", "oneOf", "title", "enum"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_form_that_can_be_judged(value: object) -> None:
    run("a.form.json", json.dumps(value).encode())
