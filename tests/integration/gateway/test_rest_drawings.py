"""Diagrams and versions for programs: where a case and an instance stand, where time goes, and what has changed."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from processes.notation.bundle import read_folder
from processes.runtime.commands import Cancel
from processes.runtime.heat import Heat
from processes.store.tables import Case
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.programs import ROOT, caller
from tests.integration.gateway.world import MODELS, OPERATOR, World

Open = Callable[..., Browser]


def instance_of(world: World, number: str) -> str:
    with world.services.database.read() as connection:
        return str(connection.scalar(select(Case.instance_id).where(Case.number == number)))


def marks(found: Any, process: str) -> dict[str, dict[str, Any]]:
    drawing = next(each for each in found["drawings"] if each["process_id"] == process)
    assert f'id="{process}"' in drawing["xml"]
    return {each["element_id"]: each for each in drawing["marks"]}


def test_the_drawings_of_a_case_tell_where_it_stands_and_for_how_long(world: World, browser: Open) -> None:
    number = world.report("H1").number
    world.clock.advance(timedelta(hours=2))
    program = caller(world, "wx.wu")
    found = program.get(f"/cases/{number}/drawings")
    page = browser("wx.wu").get(f"/cases/{number}")
    for drawing in found["drawings"]:
        assert drawing["hash"] in page
    (current,) = [each for each in found["drawings"] if each["current"]]
    task = world.task(number, "签收")
    assert current["process_id"] == task.process_id
    mark = marks(found, task.process_id)[task.element_id]
    assert (mark["state"], mark["seconds"]) == ("open", 7200)
    assert any(each["process_id"] == task.process_id for each in found["calls"])
    file = program.send("GET", f"/drawings/{current['hash']}")
    assert (file.content_type.partition(";")[0], current["process_id"] in file.text) == ("application/xml", True)
    program.get("/drawings/nothing", 404)
    program.get("/cases/nothing/drawings", 404)
    caller(world, "yh.wang").get(f"/cases/{number}/drawings", 404)


def test_a_drawing_has_its_names_in_the_language_that_is_asked_for(world: World) -> None:
    number = world.report("H1").number
    english = caller(world, "wx.wu").send("GET", f"/cases/{number}/drawings", headers={"Accept-Language": "en"})
    assert english.json is not None
    assert 'name="Acknowledge' in "".join(each["xml"] for each in english.json["drawings"])


def test_the_drawings_of_an_instance_tell_where_it_stands(world: World) -> None:
    number = world.report("H1").number
    path = f"/instances/{instance_of(world, number)}/drawings"
    found = caller(world, "wx.yun").get(path)
    task = world.task(number, "签收")
    assert marks(found, task.process_id)[task.element_id]["state"] == "open"
    assert "seconds" not in marks(found, task.process_id)[task.element_id]
    caller(world, "wx.wu").get(path, 403)
    caller(world, "yh.li").get(path, 404)
    caller(world, "wx.yun").get("/instances/nothing/drawings", 404)


def test_the_drawings_of_the_heat_map_are_painted(world: World) -> None:
    number = world.report("H1").number
    world.clock.advance(timedelta(hours=5))
    world.engine.execute(Cancel("c", instance_of(world, number), "试"))
    world.clock.advance(timedelta(minutes=3))
    assert Heat(world.services.database, world.clock).run() == 1
    owner = caller(world, "wx.yun")
    told, found = owner.get("/processes/problem/heat"), owner.get("/processes/problem/heat/drawings", measure="times")
    assert {name: found[name] for name in ("version", "since", "until")} == {
        name: told[name] for name in ("version", "since", "until")
    }
    assert found["drawings"][0]["process_id"] == "problem"
    shades = [each for drawing in found["drawings"] for each in drawing["shades"]]
    assert max(each["level"] for each in shades) == 5
    assert all(each["element"] in told["elements"] for each in shades)
    owner.get("/processes/nothing/heat/drawings", 404)
    (wrong,) = owner.get("/processes/problem/heat/drawings", 422, measure="x")["errors"]
    assert wrong["path"] == "query.measure"
    caller(world, "wx.wu").get("/processes/problem/heat/drawings", 403)


def deploy(world: World) -> None:
    """Another version of the rating, in force at one place."""
    files = read_folder([MODELS])
    table, form, diagram = "rating_level.dmn", "call_back.form.json", "rating.bpmn"
    files[table] = files[table].replace("非常满意".encode(), "十分满意".encode(), 1)
    files[form] = files[form].replace(b'"title"', b'"description": "NEW", "title"', 1)
    files[diagram] = files[diagram].replace(b'name="stage" value="', b'name="stage" value="x', 1)
    sent = [(io.BytesIO(files[name]), name) for name in (table, form, diagram)]
    world.clock.advance(timedelta(hours=1))
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    given = world.app.test_client().post("/api/deploy", data={"files": sent, "place": "330502"}, headers=headers)
    assert given.status_code == 200, given.text


def test_the_versions_of_a_process_tell_where_they_are_in_force(world: World) -> None:
    owner = caller(world, "wx.yun")
    assert {"rating", "problem"} <= {each["code"] for each in owner.get("/processes")["processes"]}
    (first,) = owner.get("/processes/rating/versions")["versions"]
    assert [each["place"] for each in first["in_force"]] == [""]
    deploy(world)
    newest, oldest = owner.get("/processes/rating/versions")["versions"]
    assert oldest["id"] == first["id"]
    assert (newest["by"], [each["place_name"] for each in newest["in_force"]]) == ("operator", ["吴兴区"])
    owner.get("/processes/nothing/versions", 404)
    caller(world, "wx.wu").get("/processes/rating/versions", 403)
    caller(world, "wx.wu").get("/processes", 403)


def test_the_difference_of_two_versions_is_told_by_element_row_and_property(world: World) -> None:
    owner, path = caller(world, "wx.yun"), "/processes/rating/versions/difference"
    same = owner.get(path)
    assert (same["old"] == same["new"], same["diagrams"], same["tables"], same["forms"]) == (True, [], [], [])
    deploy(world)
    found = owner.get(path)
    new, old = (each["id"] for each in owner.get("/processes/rating/versions")["versions"])
    assert (found["old"], found["new"]) == (old, new)
    (diagram,) = found["diagrams"]
    assert diagram["old"]["hash"] != diagram["new"]["hash"]
    (change,) = diagram["changes"]
    assert (change["kind"], [each["name"] for each in change["details"]]) == ("changed", ["阶段"])
    cells = [cell for row in found["tables"][0]["rows"] for cell in row["cells"] if cell["before"] != cell["after"]]
    assert any("十分满意" in cell["after"] for cell in cells)
    assert [each["after"] for form in found["forms"] for each in form["details"]] == ["NEW"]
    turned = owner.get(path, old=new, new=old)
    assert [each["before"] for form in turned["forms"] for each in form["details"]] == ["NEW"]
    (wrong,) = owner.get(path, 422, old="nothing")["errors"]
    assert wrong["path"] == "query.old"
    owner.get("/processes/nothing/versions/difference", 404)
    caller(world, "wx.wu").get(path, 403)


def test_what_a_diagram_is_called_stands_in_the_document(world: World) -> None:
    document = world.app.test_client().get(f"{ROOT}/openapi.json").json or {}
    assert document["paths"]["/api/v1/cases/{number}/drawings"]["get"]["security"] == [{"token": ["cases:read"]}]
