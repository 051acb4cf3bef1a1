"""What a diagram imports: read from beside it, compared with what it says, and searched for what is referred to."""

from __future__ import annotations

from pathlib import Path

from processes.notation.check import Finding, check_files, check_paths

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSD = "http://www.w3.org/2001/XMLSchema"
PROCESS = (
    '<process id="{id}"><startEvent id="{id}_s"/>{middle}<endEvent id="{id}_e"/>'
    '<sequenceFlow id="{id}_1" sourceRef="{id}_s" targetRef="{id}_m"/>'
    '<sequenceFlow id="{id}_2" sourceRef="{id}_m" targetRef="{id}_e"/></process>'
)


def definitions(body: str, namespace: str = "urn:main") -> bytes:
    return (
        f'<definitions xmlns="{BPMN}" xmlns:o="urn:other" id="d" targetNamespace="{namespace}">{body}</definitions>'
    ).encode()


def imported(location: str, kind: str = BPMN, namespace: str = "urn:other") -> str:
    return f'<import importType="{kind}" location="{location}" namespace="{namespace}"/>'


def process(id: str, middle: str) -> str:
    return PROCESS.format(id=id, middle=middle)


USES = process("main", '<receiveTask id="main_m" messageRef="o:order"/>')
OTHER = definitions('<message id="order" name="order"/>', "urn:other")


def alarms(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(each.file, each.rule) for each in findings if each.severity != "info"]


def test_a_message_of_an_imported_file_is_found() -> None:
    assert (
        alarms(check_files({"a/main.bpmn": definitions(imported("../b/other.bpmn") + USES), "b/other.bpmn": OTHER}))
        == []
    )


def test_files_that_have_left_their_folders_to_be_deployed_find_each_other_by_name() -> None:
    files = {"main.bpmn": definitions(imported("../b/other.bpmn") + USES), "other.bpmn": OTHER}
    assert alarms(check_files(files, deploying=True)) == [("main.bpmn", "no-correlation-key")]


def test_a_message_that_the_imported_file_lacks_is_unknown() -> None:
    empty = definitions("", "urn:other")
    files = {"main.bpmn": definitions(imported("other.bpmn") + USES), "other.bpmn": empty}
    assert alarms(check_files(files)) == [("main.bpmn", "unknown-reference")]


def test_without_the_import_a_prefix_does_not_help() -> None:
    files = {"main.bpmn": definitions(USES), "other.bpmn": OTHER}
    assert alarms(check_files(files)) == [("main.bpmn", "unknown-reference")]


def test_a_missing_file_is_named_once_and_what_it_may_hold_is_not_called_unknown() -> None:
    (finding,) = [each for each in check_files({"main.bpmn": definitions(imported("gone.bpmn") + USES)}) if each.rule != "style-label"
                  and each.severity != "info"]  # fmt: skip
    assert finding.rule == "import-missing"
    assert "gone.bpmn" in finding.zh


def test_an_import_that_is_no_bpmn_is_named() -> None:
    dmn = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="t" name="t" namespace="urn:x"/>'
    files = {"main.bpmn": definitions(imported("table.dmn") + USES), "table.dmn": dmn}
    assert ("main.bpmn", "import-not-bpmn") in alarms(check_files(files))


def test_another_namespace_than_the_files_own_is_named() -> None:
    files = {"main.bpmn": definitions(imported("other.bpmn") + USES), "other.bpmn": definitions("", "urn:elsewhere")}
    assert ("main.bpmn", "import-namespace") in alarms(check_files(files))


def test_the_same_id_in_two_files_of_one_namespace_is_ambiguous() -> None:
    same = definitions('<message id="order" name="order"/>')
    main = definitions(imported("same.bpmn", namespace="urn:main") + '<message id="order" name="order"/>')
    assert alarms(check_files({"main.bpmn": main, "same.bpmn": same})) == [("main.bpmn", "import-duplicate-id")]


def test_the_same_id_in_two_namespaces_is_no_matter() -> None:
    main = definitions(imported("other.bpmn") + '<message id="order" name="order"/>')
    assert alarms(check_files({"main.bpmn": main, "other.bpmn": OTHER})) == []


def test_files_that_import_each_other_are_walked_once() -> None:
    back = f'<import importType="{BPMN}" location="main.bpmn" namespace="urn:main"/>'
    files = {
        "main.bpmn": definitions(imported("other.bpmn") + USES),
        "other.bpmn": definitions(back + '<message id="order" name="order"/>', "urn:other"),
    }
    assert alarms(check_files(files)) == []


def test_a_schema_beside_the_diagram_is_there_and_is_not_taken_for_a_diagram() -> None:
    main = definitions(imported("types.xsd", XSD))
    assert (
        alarms(check_files({"main.bpmn": main, "types.xsd": b'<schema xmlns="http://www.w3.org/2001/XMLSchema"/>'}))
        == []
    )
    assert alarms(check_files({"main.bpmn": main})) == [("main.bpmn", "import-missing")]


def test_a_schema_is_not_needed_to_deploy() -> None:
    main = definitions(
        imported("types.xsd", XSD) + USES.replace("o:order", "order") + '<message id="order" name="order"/>'
    )
    assert "import-missing" not in {
        each.rule for each in check_files({"m.bpmn": main}, deploying=True) if each.severity == "error"
    }


def test_on_disk_imports_are_read_from_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "deep" / "parts").mkdir(parents=True)
    main, part = tmp_path / "deep" / "main.bpmn", tmp_path / "deep" / "parts" / "other.xml"
    main.write_bytes(definitions(imported("parts/other.xml") + USES))
    part.write_bytes(OTHER)
    assert alarms(check_paths([main])) == []
    part.unlink()
    assert [rule for _, rule in alarms(check_paths([main]))] == ["import-missing"]


def test_an_import_cannot_be_used_to_read_just_any_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    main = tmp_path / "main.bpmn"
    main.write_bytes(definitions(imported(str(secret)) + USES))
    findings = check_paths([main])
    assert "hunter2" not in repr(findings)
    assert ("import-not-bpmn") in {each.rule for each in findings}
