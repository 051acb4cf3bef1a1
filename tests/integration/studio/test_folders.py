"""``app.py models pull`` and ``push``: a folder of models against a running platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest

from cli.arguments import parser
from gateway.client import commands
from gateway.client.api import Api
from processes.casework.audit.verifying import stored
from processes.casework.model_scenarios import Bodies
from tests.integration.gateway.test_studio import in_force
from tests.integration.gateway.world import MODELS, OPERATOR
from tests.integration.studio.conftest import Studio


class Desk:
    """A git user's: a folder, and the commands."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self._api = Api("http://platform", OPERATOR, sleep=lambda _seconds: studio.play())
        self._api._http = httpx.Client(
            base_url="http://platform",
            headers={"Authorization": f"Bearer {OPERATOR}"},
            transport=httpx.WSGITransport(app=studio.world.app),
        )

    def models(self, action: str, *more: str) -> tuple[int, str]:
        """Carry the command out; the exit code, and what it says."""
        said: list[str] = []
        options = parser().parse_args(["models", action, str(self.folder), *more])
        code = commands.models(self._api, options, said.append)
        return code, "\n".join(said)

    def contents(self) -> dict[str, bytes]:
        """All files."""
        return {
            each.relative_to(self.folder).as_posix(): each.read_bytes()
            for each in sorted(self.folder.rglob("*"))
            if each.is_file()
        }


@pytest.fixture
def desk(studio: Studio, tmp_path: Path, shipped: Callable[[str], Bodies]) -> Desk:
    """With the scenarios of two processes in force."""
    studio.keep({**shipped("portal"), **shipped("leadership")})
    return Desk(studio, tmp_path / "models")


def test_what_is_pulled_is_in_force_and_pushing_it_changes_nothing(studio: Studio, desk: Desk) -> None:
    before = in_force(studio.world)
    assert desk.models("pull")[0] == 0
    found = desk.contents()
    drawing = MODELS / "board_handoff" / "board_handoff.bpmn"
    assert found["board_handoff/board_handoff.bpmn"] == drawing.read_bytes()
    assert found["leadership/instructed.scenario.json"] == (MODELS / "leadership/instructed.scenario.json").read_bytes()
    shipped = {each.name for each in MODELS.glob("*/*") if each.name.endswith((".bpmn", ".dmn", ".form.json"))}
    assert shipped >= {path.rpartition("/")[2] for path in found if not path.endswith(".scenario.json")}
    assert desk.models("push") == (0, "没有变化")
    assert desk.models("pull") == (0, "没有变化")
    assert in_force(studio.world) == before
    assert desk.contents() == found


def test_what_has_changed_is_checked_played_and_put_into_force(studio: Studio, desk: Desk) -> None:
    desk.models("pull")
    before = in_force(studio.world)
    path = desk.folder / "portal_message" / "portal_message.bpmn"
    path.write_text(path.read_text("utf-8").replace('name="发短信"', 'name="发短信通知"'), "utf-8")
    code, said = desk.models("push", "--dry-run")
    assert (code, in_force(studio.world)) == (0, before)
    assert "试运行" in said
    code, said = desk.models("push")
    assert code == 0
    assert "已生效" in said
    after = in_force(studio.world)
    assert {each for each in after if after[each] != before[each]} == {"portal_message"}
    with studio.world.services.database.read() as connection:
        entry = list(stored(connection))[-1]
    assert (entry.act, entry.by) == ("model.deploy", "operator")
    found = desk.contents()
    assert desk.models("pull") == (0, "没有变化")
    assert desk.contents() == found
    assert desk.models("push") == (0, "没有变化")


def test_an_error_is_told_with_file_and_element(studio: Studio, desk: Desk) -> None:
    desk.models("pull")
    before = in_force(studio.world)
    path = desk.folder / "portal_message" / "portal_message.bpmn"
    path.write_text(path.read_text("utf-8").replace("= message.id", "= message.("), "utf-8")
    code, said = desk.models("push")
    assert code == 1
    assert "错误  portal_message.bpmn send_message：" in said
    path.write_text("<cut", "utf-8")
    code, said = desk.models("push")
    assert code == 1
    assert "错误  portal_message.bpmn" in said
    assert in_force(studio.world) == before


def test_a_failed_scenario_is_told_and_needs_a_reason(studio: Studio, desk: Desk) -> None:
    desk.models("pull")
    path = desk.folder / "portal_message" / "code-sent.scenario.json"
    data = orjson.loads(path.read_bytes())
    data["then"]["state"] = "cancelled"
    path.write_bytes(orjson.dumps(data))
    code, said = desk.models("push")
    assert code == 1
    assert "不符  portal_message/code-sent.scenario.json" in said
    assert "state：应为" in said
    before = in_force(studio.world)
    code, said = desk.models("push", "--reason", "先放进去，再改")
    assert code == 0
    assert "只有情景" in said
    assert in_force(studio.world) == before
    assert desk.models("push") == (0, "没有变化")


def test_a_place_gets_its_own_and_no_other(studio: Studio, desk: Desk) -> None:
    before = in_force(studio.world)
    desk.models("pull", "--place", "330502")
    path = desk.folder / "leadership" / "leadership.bpmn"
    path.write_text(path.read_text("utf-8") + "<!-- 吴兴 -->", "utf-8")
    (desk.folder / "leadership" / "passed-on.scenario.json").unlink()
    code, said = desk.models("push", "--place", "330502")
    assert code == 0, said
    assert in_force(studio.world) == before
    assert "leadership" in in_force(studio.world, "330502")
    assert desk.models("push", "--place", "330502") == (0, "没有变化")
    other = Desk(studio, desk.folder.parent / "again")
    other.models("pull", "--place", "330502")
    assert other.contents() == desk.contents()
    code, said = desk.models("pull")
    assert "写了" in said


def test_a_folder_keeps_its_own_order(studio: Studio, desk: Desk) -> None:
    """Files are written where they are already, whatever their folders are called."""
    desk.models("pull")
    (desk.folder / "portal_message").rename(desk.folder / "门户")
    found = desk.contents()
    assert desk.models("pull") == (0, "没有变化")
    assert desk.contents() == found
