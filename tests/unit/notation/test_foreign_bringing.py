"""A file of another tool becomes the diagram of one of our processes: which process, what is told, and that nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from processes.errors import BihuanError
from processes.notation.foreign import bringing
from processes.notation.foreign.bringing import Brought, Several, bring
from processes.notation.xml import parse_text

FOREIGN = Path(__file__).resolve().parents[2] / "foreign"
FILES = sorted(FOREIGN.glob("*.bpmn"))
HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:t="urn:t" targetNamespace="urn:t">'


def brought(inside: str, chosen: str = "") -> Brought:
    return bring("a.bpmn", f"{HEAD}{inside}</definitions>".encode(), "ours", "我们的", chosen)


def said(found: Brought) -> str:
    return " ".join(each.zh for each in found.told)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_element_attribute_and_text_is_there_afterwards(path: Path) -> None:
    before, after = path.read_text("utf-8"), bring(path.name, path.read_bytes(), "ours", "我们的").text
    assert words(before) <= words(after)
    assert any(each.get("id") == "ours" and each.get("isExecutable") == "true" for each in parse_text(after).iter())


def words(text: str) -> set[tuple[str, str]]:
    """What stands in a file, but for the id and name of the process and whether it runs."""
    found: set[tuple[str, str]] = set()
    for each in parse_text(text).iter(etree.Element):
        tag = etree.QName(each).localname
        found.add((tag, (each.text or "").strip()))
        skipped = ("id", "isExecutable") if tag == "process" else ("processRef", "bpmnElement", "calledElement")
        found |= {(f"{tag}@{name}", str(value)) for name, value in each.attrib.items() if name not in skipped}
    return found


def test_the_one_process_that_runs_is_taken_and_its_pool_and_drawing_follow() -> None:
    found = bring("s.bpmn", (FOREIGN / "signavio.bpmn").read_bytes(), "ours", "我们的")
    assert 'processRef="ours"' in found.text
    assert "sid-buying" not in found.text
    assert "编号改成了这里的 ours" in said(found)
    assert "已设为要执行" in said(found)
    assert found.drawn


def test_of_several_that_run_somebody_chooses_and_the_others_are_only_drawn() -> None:
    two = "".join(
        f'<process id="{each}" name="{each}流程" isExecutable="true"><task id="t{each}"/></process>' for each in "ab"
    )
    with pytest.raises(Several) as refused:
        brought(two)
    assert list(refused.value.processes) == [("a", "a流程"), ("b", "b流程")]
    found = brought(two, chosen="b")
    assert 'id="ours" name="b流程" isExecutable="true"' in found.text
    assert 'id="a" name="a流程" isExecutable="false"' in found.text
    assert "另外 1 个流程只作图示" in said(found)
    assert not found.drawn


def test_what_would_be_lost_is_moved_or_becomes_text() -> None:
    found = brought(
        '<process id="p" isExecutable="true"><documentation>见 <b xmlns="http://www.w3.org/1999/xhtml">这里</b>。</documentation>'
        '<task id="t"><t:cost t:per="day">3</t:cost></task></process>'
    )
    root = parse_text(found.text)
    documentation = root.find(".//{*}documentation")
    assert documentation is not None
    assert documentation.text is not None
    assert documentation.text.startswith("见 <b")
    assert documentation.text.endswith("这里</b>。")
    moved = root.find(".//{*}task/{*}extensionElements/{urn:t}cost")
    assert moved is not None
    assert moved.get("{urn:t}per") == "day"
    assert moved.text == "3"
    assert "网页格式" in said(found)
    assert "移到了附加内容里" in said(found)


def test_references_with_the_prefix_of_the_file_itself_lead_to_the_same_without() -> None:
    found = brought('<message id="m"/><process id="p"><receiveTask id="r" messageRef="t:m"/><task id="x"/></process>')
    assert 'messageRef="m"' in found.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"x" * (bringing.LARGEST + 1), "超过 1 MB"),
        (b"PK\x03\x04word/", "Word 文档"),
        (b"", "空的"),
        (b'<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', "DOCTYPE"),
        (b"<definitions", "不是完整的 XML"),
        (b"<html/>", "不是 BPMN 2.0"),
        (f"{HEAD}<collaboration id='c'/></definitions>".encode(), "没有流程"),
        (f"{HEAD}<process id='p'><task id='ours'/></process></definitions>".encode(), "重名"),
        (f"{HEAD}<process id='p'>{'<task/>' * bringing.MOST_ELEMENTS}</process></definitions>".encode(), "拆成几个"),
        (b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "决策表"),
        (f"{HEAD}<process id='p'>{'<subProcess>' * 400}{'</subProcess>' * 400}</process></definitions>".encode(), "XML"),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "file",
)  # fmt: skip
def test_anything_else_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(BihuanError) as refused:
        bring("x.bpmn", body, "ours", "我们的")
    assert words in refused.value.zh
    assert refused.value.en
