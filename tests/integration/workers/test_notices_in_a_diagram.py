"""A diagram's notice reaches a role's people by SMS, in the owners' words, on a platform as ``app.py engine`` puts it together without a broker."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.platform import Platform
from cli.settings import Settings
from processes.casework import loading
from processes.runtime.commands import Start
from processes.store.tables import Instance, Job
from tests.diagrams import definitions, end, path, process, service, start
from tests.integration.bus.transports import eventually
from tests.integration.casework.conftest import REFERENCE
from tests.integration.workers.conftest import Outside

DIAGRAM = definitions(
    process(
        "telling",
        start(),
        service(
            "tell",
            "notice.send",
            {
                "case": '="C-1"',
                "kind": '="reminder"',
                "to": '={role: "board_handler", organisation: "33.basic", place: "33"}',
                "subject": '="催办"',
                "text": '="即将到期"',
            },
        ),
        end(),
        path("start", "tell", "end"),
    )
)


@pytest.fixture
def platform(tmp_path: Path, outside: Outside) -> Iterator[Platform]:
    reference = Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
    (reference / "addresses.csv").write_text(
        "person,way,address\nzj.wang,sms,13800000001\nzj.qian,sms,13800000002\n", "utf-8"
    )
    (reference / "notices.csv").write_text(
        "kind,ways,subject,text\nreminder,sms,{subject},{case}{text}，请抓紧。\n", "utf-8"
    )
    settings = tmp_path / "systems.json"
    options = {"sign": "闭环平台", "template": "SMS_1"}
    settings.write_text(json.dumps({"sms": {"url": f"{outside.url}/sms", "options": options}}))
    platform = Platform(Settings.read({"DATA": str(tmp_path / "data"), "SYSTEMS": str(settings)}))
    platform.core.database.migrate()
    with platform.core.database.write() as connection:
        loading.load(connection, reference, platform.core.clock)
    platform.core.engine.deploy({"telling.bpmn": DIAGRAM})
    platform.start_engine(with_workers=True, systems_url=None)
    yield platform
    platform.stop()


def test_a_notice_reaches_everybody_whom_it_means_and_their_numbers_are_kept_nowhere(
    platform: Platform, outside: Outside
) -> None:
    instance = platform.core.engine.execute(Start("start-1", "telling")).instance_id
    state = select(Instance.status).where(Instance.id == instance)

    def ended() -> bool:
        with platform.core.database.read() as connection:
            return connection.scalar(state) == "completed"

    eventually(ended)
    sent = outside.get("/sms/messages")["messages"]
    assert {each["phone"] for each in sent} == {"13800000001", "13800000002"}
    assert {each["text"] for each in sent} == {"【闭环平台】C-1即将到期，请抓紧。"}
    with platform.core.database.read() as connection:
        [arguments] = connection.scalars(select(Job.arguments).where(Job.instance_id == instance))
    assert "recipients" not in arguments
