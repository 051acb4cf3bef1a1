"""Decision tables and graphs: every hit policy, requirements, boxed expressions, and errors that name the place."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from processes.notation.decisions import DecisionError, DecisionModel, FiredRule, HitPolicyViolation, parse_decisions

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def model(body: str, file: str = "t.dmn", **attributes: str) -> DecisionModel:
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    xml = f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="http://t"{more}>{body}</definitions>'
    return parse_decisions(xml.encode(), file)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def table(policy: str, rules: list[str], outputs: str = '<output name="o"/>', inputs: str = "x", more: str = "") -> str:
    """A table whose rules are written ``cell, cell -> result | result``."""
    rows = ""
    for place, rule in enumerate(rules, 1):
        cells, _, results = rule.partition("->")
        rows += f'<rule id="r{place}"><description>row {place}</description>'
        rows += "".join(f"<inputEntry><text>{escaped(cell.strip())}</text></inputEntry>" for cell in cells.split(";"))
        rows += "".join(f"<outputEntry><text>{escaped(r.strip())}</text></outputEntry>" for r in results.split("|"))
        rows += "</rule>"
    columns = "".join(
        f"<input><inputExpression><text>{column.strip()}</text></inputExpression></input>"
        for column in inputs.split(";")
    )
    return f'<decisionTable id="t" hitPolicy="{policy}" {more}>{columns}{outputs}{rows}</decisionTable>'


def decision(logic: str, identifier: str = "main", requires: str = "") -> str:
    links = "".join(
        f'<informationRequirement><requiredDecision href="#{each}"/></informationRequirement>'
        for each in requires.split()
    )
    return f'<decision id="{identifier}" name="{identifier}">{links}{logic}</decision>'


def outcome(body: str, **variables: Any) -> Any:
    return model(decision(body)).evaluate("main", variables).value


OVERLAPPING = ["> 0 -> 1", "> 10 -> 2", "> 100 -> 3"]


def test_unique_gives_the_one_rule() -> None:
    assert outcome(table("UNIQUE", OVERLAPPING), x=5) == 1


def test_unique_is_the_policy_when_none_is_said() -> None:
    logic = table("UNIQUE", OVERLAPPING).replace('hitPolicy="UNIQUE"', "")
    with pytest.raises(HitPolicyViolation):
        outcome(logic, x=50)


def test_a_violation_names_table_and_rows() -> None:
    with pytest.raises(HitPolicyViolation) as raised:
        outcome(table("UNIQUE", ["> 0 -> 1", "< 0 -> 9", "> 10 -> 2"]), x=50)
    assert (raised.value.decision, raised.value.table, raised.value.rows) == ("main", "t", (1, 3))
    assert "第1、3行" in raised.value.zh


def test_any_allows_rules_that_agree() -> None:
    assert outcome(table("ANY", ["> 0 -> 1", "> 10 -> 1"]), x=50) == 1
    with pytest.raises(HitPolicyViolation) as raised:
        outcome(table("ANY", OVERLAPPING), x=50)
    assert raised.value.rows == (1, 2)


def test_first_takes_the_first() -> None:
    assert outcome(table("FIRST", ["> 10 -> 2", "- -> 1"]), x=50) == 2


PRIORITIES = '<output name="o"><outputValues><text>3, 2, 1</text></outputValues></output>'


def test_priority_follows_the_allowed_values() -> None:
    result = model(decision(table("PRIORITY", OVERLAPPING, PRIORITIES))).evaluate("main", {"x": 50})
    assert result.value == 2
    assert [rule.row_number for rule in result.fired] == [2]


def test_output_order_and_rule_order_give_lists() -> None:
    assert outcome(table("OUTPUT ORDER", OVERLAPPING, PRIORITIES), x=500) == [3, 2, 1]
    assert outcome(table("RULE ORDER", OVERLAPPING), x=500) == [1, 2, 3]


@pytest.mark.parametrize(
    ("aggregation", "expected", "of_none"),
    [("SUM", 6, None), ("COUNT", 3, 0), ("MIN", 1, None), ("MAX", 3, None), ("", [1, 2, 3], [])],
)
def test_collect(aggregation: str, expected: object, of_none: object) -> None:
    logic = table("COLLECT", OVERLAPPING, more=f'aggregation="{aggregation}"' if aggregation else "")
    assert outcome(logic, x=500) == expected
    assert outcome(logic, x=-1) == of_none


def test_no_rule_gives_null_or_the_default() -> None:
    assert outcome(table("UNIQUE", OVERLAPPING), x=-1) is None
    default = '<output name="o"><defaultOutputEntry><text>"无"</text></defaultOutputEntry></output>'
    assert outcome(table("UNIQUE", OVERLAPPING, default), x=-1) == "无"


TWO = '<output name="board"/><output name="why"/>'


def test_several_outputs_are_a_context_and_outputs_by_name() -> None:
    result = model(decision(table("UNIQUE", ['"融资" -> "工信" | "主管"'], TWO))).evaluate("main", {"x": "融资"})
    assert result.value == result.outputs == {"board": "工信", "why": "主管"}


def test_several_outputs_of_several_rules_are_lists_by_name() -> None:
    result = model(decision(table("COLLECT", ["> 0 -> 1 | 2", "> 1 -> 3 | 4"], TWO))).evaluate("main", {"x": 5})
    assert result.value == [{"board": 1, "why": 2}, {"board": 3, "why": 4}]
    assert result.outputs == {"board": [1, 3], "why": [2, 4]}


def test_a_table_without_a_match_still_sets_its_outputs() -> None:
    unmatched = model(decision(table("UNIQUE", ["> 0 -> 1 | 2"], TWO))).evaluate("main", {"x": -5})
    assert unmatched.outputs == {"board": None, "why": None}
    collected = model(decision(table("COLLECT", ["> 0 -> 1 | 2"], TWO))).evaluate("main", {"x": -5})
    assert collected.outputs == {"board": [], "why": []}


def test_an_output_without_a_name_takes_the_decisions() -> None:
    result = model(decision(table("UNIQUE", ["- -> 1"], "<output/>"))).evaluate("main", {})
    assert result.outputs == {"main": 1}


def test_which_rules_fired_is_told_with_their_annotation() -> None:
    rows = [*OVERLAPPING[:1], "> 10 -> 2"]
    result = model(decision(table("COLLECT", rows))).evaluate("main", {"x": 50})
    assert result.fired == (
        FiredRule("main", "t", "r1", 1, "row 1"),
        FiredRule("main", "t", "r2", 2, "row 2"),
    )


def test_decisions_of_a_file_feed_each_other() -> None:
    graph = decision(table("UNIQUE", ['"high" -> total * 2', '"low" -> total'], inputs="risk"), "main", "risk total")
    graph += decision(table("FIRST", ['> 10 -> "high"', '- -> "low"'], inputs="total"), "risk", "total")
    graph += decision("<literalExpression><text>sum(amounts)</text></literalExpression>", "total")
    whole = model(graph)
    assert whole.decision_ids == ("main", "risk", "total")
    result = whole.evaluate("main", {"amounts": [5, 7]})
    assert result.value == 24
    assert [(rule.decision, rule.row_number) for rule in result.fired] == [("risk", 1), ("main", 1)]
    assert whole.evaluate("total", {"amounts": [1]}).outputs is None


def test_a_required_decision_wins_over_a_variable_of_its_name() -> None:
    graph = decision("<literalExpression><text>total</text></literalExpression>", "main", "total")
    graph += decision("<literalExpression><text>1</text></literalExpression>", "total")
    assert model(graph).evaluate("main", {"total": 99}).value == 1


def test_every_variable_is_visible_in_every_cell() -> None:
    logic = table("UNIQUE", ['> case.limit -> case.name + "！"'])
    assert outcome(logic, x=5, case={"limit": 3, "name": "甲"}) == "甲！"


def test_functions_and_clock_reach_the_cells() -> None:
    logic = table("UNIQUE", ["level of(place) -> string(now())"])
    moment = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    result = model(decision(logic)).evaluate(
        "main", {"x": "县", "place": "p"}, {"level of": lambda place: "县"}, lambda: moment
    )
    assert result.value == "2026-11-23T08:00:00+08:00"


def test_texts_are_read_as_dates_where_dates_are_declared() -> None:
    logic = table("UNIQUE", ['< date("2026-06-01") -> "早"', '- -> "晚"']).replace(
        "<inputExpression>", '<inputExpression typeRef="date">'
    )
    assert outcome(logic.replace("UNIQUE", "FIRST"), x="2026-01-01") == "早"


def test_knowledge_models_contexts_invocations_and_relations() -> None:
    graph = """
      <businessKnowledgeModel id="b" name="add up"><encapsulatedLogic>
        <formalParameter name="a" typeRef="number"/><formalParameter name="b" typeRef="number"/>
        <literalExpression><text>a + b</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>
      <decision id="main" name="main"><knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>
        <context>
          <contextEntry><variable name="rows"/><relation><column name="n"/><column name="m"/>
            <row><literalExpression><text>1</text></literalExpression><literalExpression><text>2</text></literalExpression></row>
          </relation></contextEntry>
          <contextEntry><variable name="sum"/><invocation><literalExpression><text>add up</text></literalExpression>
            <binding><parameter name="a"/><literalExpression><text>rows[1].n</text></literalExpression></binding>
            <binding><parameter name="b"/><literalExpression><text>rows[1].m</text></literalExpression></binding>
          </invocation></contextEntry>
          <contextEntry><variable name="list"/><list><literalExpression><text>add up(sum, 1)</text></literalExpression></list>
          </contextEntry>
        </context></decision>"""
    assert model(graph).evaluate("main", {}).value == {"rows": [{"n": 1, "m": 2}], "sum": 3, "list": [4]}


def test_names_with_operators_are_known_from_the_file() -> None:
    graph = """<inputData id="i" name="Pre-tax total"><variable name="Pre-tax total" typeRef="number"/></inputData>
      <decision id="main" name="main"><informationRequirement><requiredInput href="#i"/></informationRequirement>
      <literalExpression><text>Pre-tax total - 1</text></literalExpression></decision>"""
    assert model(graph).evaluate("main", {"Pre-tax total": 5}).value == 4


def test_an_imported_model_is_reached_by_its_prefix() -> None:
    other = f'<definitions xmlns="{NAMESPACE}" name="o" namespace="http://o">' + decision(
        "<literalExpression><text>21</text></literalExpression>", "half"
    )
    imported = parse_decisions((other + "</definitions>").encode(), "o.dmn")
    main = f"""<definitions xmlns="{NAMESPACE}" name="m" namespace="http://m"><import name="o" namespace="http://o"/>
      <decision id="main" name="main"><informationRequirement><requiredDecision href="http://o#half"/></informationRequirement>
      <literalExpression><text>o.half * 2</text></literalExpression></decision></definitions>"""
    whole = parse_decisions(main.encode(), "m.dmn", {"http://o": imported}.get)
    assert whole.evaluate("main", {}).value == 42


PYTHON = {"expressionLanguage": "python"}


@pytest.mark.parametrize(
    ("cell", "matching", "other"),
    [
        ("> 5", 6, 5),
        ("4 < ? < 6", 5, 6),
        ("'a?'", "a?", "a"),
        ("in ['a', 'b']", "a", "c"),
        ("limit * 2", 6, 3),
        ("-", 1, ...),
    ],
)
def test_a_table_that_says_python_is_read_as_python(cell: str, matching: object, other: object) -> None:
    logic = table("UNIQUE", [f"{cell} -> x == x and 'yes'"], more='expressionLanguage="http://python.org"')
    assert outcome(logic, x=matching, limit=3) == "yes"
    if other is not ...:
        assert outcome(logic, x=other, limit=3) is None


def test_the_file_may_say_python_for_all_its_tables() -> None:
    whole = model(
        decision(table("UNIQUE", ["len(x) > 1 -> [i for i in x]"], inputs="True").replace("len", "len")), **PYTHON
    )
    assert whole.evaluate("main", {"x": [1, 2]}).value == [1, 2]


def test_variables_are_never_changed() -> None:
    variables = {"x": 5, "items": [3, 1]}
    outcome(table("UNIQUE", ["- -> append(items, 1)"]), **variables)
    assert variables == {"x": 5, "items": [3, 1]}


@pytest.mark.parametrize(
    ("body", "element"),
    [
        (decision(table("UNIQUE", ["> ) -> 1"])), "r1"),
        (decision(table("UNIQUE", ["- -> 1 +"])), "r1"),
        (decision(table("BEST", ["- -> 1"])), "t"),
        (decision(table("COLLECT", ["- -> 1"], more='aggregation="MEAN"')), "t"),
        (decision(table("UNIQUE", ["-; - -> 1"])), "r1"),
        (decision(table("UNIQUE", ["- -> 1 | 2"])), "r1"),
        (decision("<literalExpression id='e'><text>if</text></literalExpression>"), "e"),
        (decision("<literalExpression><text>1</text></literalExpression>", "main", "gone"), "main"),
        (
            decision("<literalExpression><text>1</text></literalExpression>", "a", "b")
            + decision("<literalExpression><text>1</text></literalExpression>", "b", "a"),
            "a",
        ),
        (decision(table("UNIQUE", ["- -> 1"], more='expressionLanguage="javascript"')), "t"),
        (decision(table("UNIQUE", ["import os -> 1"], more='expressionLanguage="python"')), "r1"),
    ],
)
def test_a_faulty_file_is_refused_with_the_element_at_fault(body: str, element: str) -> None:
    with pytest.raises(DecisionError) as raised:
        model(body, "bad.dmn")
    assert (raised.value.file, raised.value.element) == ("bad.dmn", element)
    assert "bad.dmn" in raised.value.zh


def test_an_unknown_decision_is_an_error() -> None:
    with pytest.raises(DecisionError):
        model(decision(table("UNIQUE", ["- -> 1"]))).evaluate("other", {})


def test_a_failing_function_is_a_decision_error_with_its_words() -> None:
    def fail() -> None:
        raise DecisionError("f", None, "没有这个地方", "no such place")

    with pytest.raises(DecisionError) as raised:
        model(decision("<literalExpression><text>fail()</text></literalExpression>")).evaluate(
            "main", {}, {"fail": fail}
        )
    assert "没有这个地方" in raised.value.zh


def test_a_hostile_cell_stops_the_decision_only() -> None:
    for cell in ("some a in 1..99999, b in 1..99999 satisfies false", "{f: function(n) f(n), r: f(1)}.r"):
        with pytest.raises(DecisionError):
            outcome(table("UNIQUE", [f"- -> {cell}"]), x=1)


def test_a_model_is_shared_by_threads_and_keeps_nothing() -> None:
    shared = model(decision(table("COLLECT", OVERLAPPING)))
    assert [len(shared.evaluate("main", {"x": x}).fired) for x in (5, 50, 500, -1)] == [1, 2, 3, 0]
