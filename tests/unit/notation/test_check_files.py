"""Files that are not what their name says, files from everywhere at once, and files on disk."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes.notation.check import Finding, check_files, check_paths, render

VALID = Path(__file__).parents[2] / "valid"
SIMPLE = (VALID / "sub-process.bpmn").read_bytes()


def errors(findings: list[Finding]) -> list[tuple[str, str | None, str]]:
    return [(Path(each.file).name, each.element, each.rule) for each in findings if each.severity == "error"]


def word_document() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document xmlns:w='x'><w:body/></w:document>")
    return held.getvalue()


def test_a_word_document_under_another_name_is_called_one() -> None:
    (finding,) = check_files({"流程.bpmn": word_document()})
    assert finding.rule == "not-a-diagram"
    assert "Word 文档" in finding.zh
    assert "Word document" in finding.en


def test_a_plain_zip_and_a_pdf_are_told_apart() -> None:
    findings = check_files({"a.bpmn": b"PK\x03\x04rest", "b.dmn": b"%PDF-1.7 rest"})
    assert [each.rule for each in findings] == ["not-a-diagram", "not-a-diagram"]
    assert "zip" in findings[0].en
    assert "PDF" in findings[1].en


@pytest.fixture
def huge(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "huge.bpmn"
    with path.open("wb") as stream:
        stream.write(b'<?xml version="1.0"?><definitions>')
        stream.write(b"<x/>" * (1024 * 1024 // 4) * 50)
    yield path
    path.unlink()


def test_a_file_of_50_mb_is_refused_by_its_size_and_not_opened(huge: Path) -> None:
    (finding,) = check_paths([huge])
    assert finding.rule == "file-too-big"
    assert "50 MB" in finding.zh


def test_a_file_of_50_mb_given_as_bytes_is_refused_as_well() -> None:
    (finding,) = check_files({"huge.bpmn": b" " * (50 * 1024 * 1024) + b"<a/>"})
    assert finding.rule == "file-too-big"


def test_more_elements_than_a_person_draws_are_refused_before_they_are_parsed() -> None:
    body = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">' + b"<task/>" * 200_000 + b"</definitions>"
    )
    (finding,) = check_files({"many.bpmn": body})
    assert finding.rule == "too-many-elements"


def test_xml_nested_too_deeply_is_a_finding() -> None:
    body = b"<a>" * 5_000 + b"</a>" * 5_000
    (finding,) = check_files({"deep.bpmn": body})
    assert finding.rule == "xml-syntax"


def test_an_entity_never_reads_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    body = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'.encode() + SIMPLE.split(b"?>", 1)[1].replace(
        b"\xe5\x8a\x9e\xe7\xbb\x93", b"&e;"
    )
    findings = check_files({"leak.bpmn": body})
    assert [each.rule for each in findings] == ["xml-doctype"]
    assert "hunter2" not in render(findings)


def test_a_doctype_inside_a_comment_is_no_doctype() -> None:
    body = SIMPLE.replace(b"?>", b"?><!-- <!DOCTYPE x> -->", 1)
    assert errors(check_files({"fine.bpmn": body})) == []


def test_a_diagram_under_a_decisions_name_is_checked_as_what_it_is() -> None:
    findings = check_files({"odd.dmn": SIMPLE})
    assert errors(findings) == []
    assert "misnamed-file" in {each.rule for each in findings}


def test_a_path_that_is_not_there_and_a_folder_without_models_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    findings = check_paths([tmp_path / "gone.bpmn", tmp_path / "empty"])
    assert sorted(each.rule for each in findings) == ["file-missing", "nothing-to-check"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "locked.bpmn"
    path.write_bytes(SIMPLE)
    path.chmod(0)
    (finding,) = check_paths([path])
    assert finding.rule == "file-unreadable"


def test_a_folder_is_searched_without_its_hidden_parts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.bpmn").write_bytes(b"")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "empty.bpmn").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("nothing")
    findings = check_paths([tmp_path])
    assert errors(findings) == [("empty.bpmn", None, "empty-file")]


def test_a_single_file_may_refer_to_the_files_beside_it(tmp_path: Path) -> None:
    for folder, file in (("one", "decision.bpmn"), ("two", "decision.dmn")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_bytes((VALID / file).read_bytes())
    assert errors(check_paths([tmp_path / "one" / "decision.bpmn"])) == []
    (tmp_path / "two" / "decision.dmn").unlink()
    assert errors(check_paths([tmp_path / "one" / "decision.bpmn"])) == [
        ("decision.bpmn", "decide", "unknown-decision")
    ]


def test_all_broken_files_are_told_at_once_in_order() -> None:
    findings = check_files({"b.bpmn": b"", "a.bpmn": b"<x/>", "c.form.json": b"{", "d.dmn": b"<definitions"})
    assert [(each.file, each.rule) for each in findings] == [
        ("a.bpmn", "not-bpmn"),
        ("b.bpmn", "empty-file"),
        ("c.form.json", "form-json"),
        ("d.dmn", "xml-syntax"),
    ]


def test_a_finding_is_plain_values_for_json() -> None:
    (finding,) = check_files({"b.bpmn": b""})
    assert finding.to_dict() == {
        "file": "b.bpmn",
        "element": None,
        "severity": "error",
        "rule": "empty-file",
        "zh": "文件“b.bpmn”是空的。",
        "en": "file b.bpmn is empty.",
        "remedy_zh": "重新从建模工具导出这个文件，或把它删掉。",
        "remedy_en": "Export it again from the modeler, or remove it.",
        "line": None,
        "witness": [],
    }


def test_the_terminal_shows_file_then_findings_then_a_count() -> None:
    findings = check_files({"b.bpmn": b"", "a.bpmn": b"<x/>"})
    shown = render(findings, "zh").splitlines()
    assert shown[0] == "a.bpmn"
    assert shown[1].startswith("  错误")
    assert shown[2].strip().startswith("改法：")
    assert shown[-1] == "共 2 个错误、0 个警告、0 个提示。"
    assert "error" in render(findings, "en")
    assert render([], "zh") == "没有发现问题。"


def test_nothing_given_is_nothing_found() -> None:
    assert check_files({}) == []


def test_a_folder_with_too_many_files_says_how_many_were_left_out(tmp_path: Path) -> None:
    for number in range(2_003):
        (tmp_path / f"{number:04}.bpmn").write_bytes(b"")
    findings = check_paths([tmp_path])
    (left,) = [each for each in findings if each.rule == "too-many-files"]
    assert "3" in left.en
    assert sum(each.rule == "empty-file" for each in findings) == 2_000
