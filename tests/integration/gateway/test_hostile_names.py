"""Names of files that mean something to a system: wherever a file comes in, a name stays a name, and the file comes back as one to be saved."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from processes.casework import attachments
from processes.store.tables import Case
from tests.integration.gateway.conftest import TOKEN, Browser, Program
from tests.integration.gateway.portal_world import MINE, Enterprise, Post
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

PDF = b"%PDF-1.7\n"

NAMES = (
    "../../../etc/cron.d/x.pdf",
    "/etc/passwd.pdf",
    "..\\..\\Windows\\System32\\x.pdf",
    "C:\\a.pdf",
    "\\\\server\\share\\a.pdf",
    "a\0.exe.pdf",
    "a\r\nX-Evil: 1\r\n\r\n<b>.pdf",
    "\u202efdp.exe.pdf",
    "a\u2066\u200b\ufeffb.pdf",
    "CON.pdf",
    "nul.tar.pdf",
    "com1",
    "..",
    ".htaccess",
    "x" * 300 + ".pdf",
    "增容批复（第二稿）.pdf",
    'a"; filename=evil.html; x=".pdf',
    "it's `id` $(id) ;|&.pdf",
    "<img src=x onerror=window.__hit=1>.pdf",
    "a.html",
    "a.svg",
    "%2e%2e%2fa.pdf",
    "a*b?c<d>e|f:g.pdf",
    " . ",
)


SENT = tuple(each for each in NAMES if "\n" not in each)
"""Those that a form can carry: a line break would end its header."""


def harmless(name: str) -> None:
    """What a name must not have, on any system."""
    assert 0 < len(name) <= 120, name
    assert not set(name) & set('/\\<>"|?*:\0\r\n'), name
    assert not any(unicodedata.category(each)[0] == "C" for each in name), ascii(name)
    assert name.endswith(".pdf"), name
    assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", name, re.IGNORECASE), name
    assert name == name.strip(" .")


def saved(client: FlaskClient, way: str, name: str | None = None) -> None:
    """A file comes back to be saved under its name, and is never shown."""
    answer = client.get(way)
    assert answer.status_code == 200, way
    assert answer.data.startswith(PDF)
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    told = answer.headers["Content-Disposition"]
    assert told.startswith("attachment"), told
    assert not re.search(r"[\r\n\0]", told)
    assert "X-Evil" not in answer.headers
    # One name, perhaps in both spellings of RFC 6266; nothing of it reads as another parameter.
    assert re.fullmatch(
        r"attachment(; filename=(\"(?:[^\"\\]|\\.)*\"|[^\s;\"]+))?(; filename\*=UTF-8''[A-Za-z0-9%._~!$&+^`|#-]+)?",
        told,
    ), told
    if name is not None:
        harmless(name)


def test_in_a_tasks_form(world: World, browser: Open) -> None:
    number = world.report("H1").number
    task, writer = world.open_tasks(number)[0], browser("wx.wu")
    token = TOKEN.findall(writer.get(f"/tasks/{task.id}"))[0]
    for at, name in enumerate(SENT):
        sent = {"csrf_token": token, "file:": (io.BytesIO(PDF + bytes(f"{at}", "ascii")), name)}
        answer = writer.client.post(f"/tasks/{task.id}/uploads", data=sent)
        assert answer.status_code == 200, (name, answer.text)
        (kept,) = answer.json["kept"]  # type: ignore[index]
        saved(writer.client, kept["href"], kept["name"])
    writer.post(f"/tasks/{task.id}", {"outcome": "accept", "command": "c"}, f"/tasks/{task.id}")
    page = writer.get(f"/cases/{number}")
    ways = re.findall(r'href="(/cases/[^"]+/attachments/[^"]+)"', page)
    assert len(ways) == len(SENT)
    for way in ways:
        saved(writer.client, way)
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_at_the_portal(world: World, browser: Open) -> None:
    post = Post(world)
    mine = Enterprise(world, post)
    mine.verify(MINE)
    files = [(io.BytesIO(PDF + bytes(f"{at}", "ascii")), name) for at, name in enumerate(SENT[:5])]
    for more in (SENT[at : at + 5] for at in range(0, len(SENT), 5)):
        files = [(io.BytesIO(PDF + name.encode("utf-8")), name) for name in more]
        number, _code = mine.report(
            title=f"供电增容{more[0][:20]!a}",
            body=f"我公司供电增容迟迟不批，{len(files)}{more[0]!a}请协调。"[:200],
            files=files,
        )
        page = mine.browser.get(f"/portal/problems/{number}")
        ways = re.findall(r'href="(/portal/problems/[^"]+/files/[^"]+)"', page)
        assert len(ways) == len(more)
        for way in ways:
            saved(mine.browser.client, way)
        with world.services.database.read() as connection:
            case = connection.scalar(select(Case.id).where(Case.number == number))
            assert case is not None
            for each in attachments.of_case(connection, case):
                harmless(each.name)


@pytest.mark.parametrize("path", ["/api/deploy", "/api/reference"])
def test_in_what_operators_send(operator: Program, path: str) -> None:
    for name in (
        "../../x.csv",
        "/etc/x.csv",
        "..\\x.csv",
        "a/../../x.csv",
        "C:\\x\\..\\..\\y.csv",
        "a\0.csv",
        "x" * 300 + ".csv",
    ):
        answer = operator.client.post(path, data={"files": (io.BytesIO(b"a,b\n"), name)}, headers=operator.headers)
        assert answer.status_code in (400, 409, 422), (name, answer.status_code)
        assert answer.json
        assert answer.json["error"]


def test_names_that_came_in_before_or_from_another_deployment(world: World, browser: Open) -> None:
    number, handler = world.report("H1").number, browser("wx.wu")
    with world.services.database.write() as connection:
        case = connection.scalar(select(Case.id).where(Case.number == number))
        assert case is not None
        now = world.clock.now()
        kept = [attachments.add(connection, case, name, "text/html", PDF + name.encode(), now) for name in NAMES]
    for each in kept:
        saved(handler.client, f"/cases/{number}/attachments/{each.id}")
