"""``python app.py decide``: owners try a table before it is in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app

DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<inputData id="days" name="days"/>
{decisions}
</definitions>"""
TABLE = """<decision id="{id}" name="{id}"><decisionTable id="{id}_table" hitPolicy="UNIQUE">
<input><inputExpression><text>days</text></inputExpression></input><output name="{id}"/>
<rule id="r1"><description>不久</description><inputEntry><text>&lt; 3</text></inputEntry>
  <outputEntry><text>"soon"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>&gt;= {from_}</text></inputEntry>
  <outputEntry><text>superior("330502")</text></outputEntry></rule>
</decisionTable></decision>"""


def _file(folder: Path, *decisions: str) -> str:
    path = folder / "try.dmn"
    path.write_text(DMN.format(decisions="".join(decisions)), "utf-8")
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    return _file(tmp_path, TABLE.format(id="when", from_=3))


def test_it_prints_the_result_and_the_rule_that_made_it(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["decide", table, "--input", '{"days": 1}']) == 0
    said = capsys.readouterr().out
    assert '"soon"' in said
    assert "when 第 1 行（r1）：不久" in said


def test_the_functions_of_owners_are_there_with_the_shipped_places(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["decide", table, "--json", "--input", '{"days": 5}']) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["value"] == "3305"
    assert told["rules"] == [{"decision": "when", "table": "when_table", "row": 2, "id": "r2", "annotation": None}]
    assert told["missing"] == []


def test_what_was_not_given_and_what_did_not_match_is_said(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["decide", table]) == 0
    said = capsys.readouterr().out
    assert "没有给出（按空值处理）：days" in said
    assert "没有命中任何规则" in said


def test_of_several_decisions_one_is_to_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = _file(tmp_path, TABLE.format(id="a", from_=3), TABLE.format(id="b", from_=2))
    assert app.main(["decide", both, "--input", '{"days": 2}']) == 1
    assert "--decision 指定一个：a、b" in capsys.readouterr().err
    assert app.main(["decide", both, "--decision", "b", "--input", '{"days": 2}']) == 1
    assert "第1、2行同时命中" in capsys.readouterr().err
    assert app.main(["decide", both, "--decision", "nobody"]) == 1
    assert "没有决策“nobody”" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["{days: 1}", "[1]", "", '{"days": NaN}', "[" * 100_000])
def test_bad_input_is_told_in_chinese(table: str, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["decide", table, "--input", given]) == 1
    assert capsys.readouterr().err.startswith("输入")


def test_a_file_that_is_not_there_or_no_decision_file_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["decide", str(tmp_path / "none.dmn")]) == 1
    assert "读不了文件" in capsys.readouterr().err
    (tmp_path / "other.dmn").write_text("<html/>")
    assert app.main(["decide", str(tmp_path / "other.dmn")]) == 1
    assert "不是 DMN 决策文件" in capsys.readouterr().err
