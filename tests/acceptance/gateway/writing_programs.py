"""What programs of people, and other systems, write over HTTP."""

from __future__ import annotations

import io
import zipfile

from processes.store import quarantine
from tests.acceptance.gateway.office import ADMIN, AUDITOR, CLERK, COORDINATOR, PROBLEM, SECURITY, Office
from tests.integration.gateway.operating import give_up
from tests.integration.gateway.portal_world import MINE
from tests.integration.gateway.programs import caller


def reported_by_programs(office: Office) -> str:
    """What a program of the clerk's enters, what another city's software files, and what a file brings in, whose number it returns."""
    rooms = {"title": 60, "body": 5000, "address": 120, "contact": 40, "enterprise": 120}
    given = {name: office.into(f"POST /reports {name}", room) for name, room in rooms.items()}
    given |= {"body": f"贷款到期续不上。{given['body']}", "phone": "13600000001", "place": "330502"}
    caller(office.world, CLERK).post("/reports", given, 201)
    sent = {
        "description": f"人才公寓申请没有答复。{office.into('open311.file description', 4000)}",
        "service_code": "problem",
    }
    sent |= {
        each: office.into(f"open311.file {each}", 60)
        for each in ("attribute[enterprise]", "first_name", "address_string", "media_url")
    }
    answer = office.partner.client.post("/open311/v2/requests.json", data=sent, headers=office.partner.headers)
    assert answer.status_code in (200, 201), answer.text
    row = {
        "id": "r-1",
        "title": office.into("row title", 400),
        "body": f"{PROBLEM}{office.into('row body')}",
        "place": "330502",
    }
    row |= {office.into("row name", 60): 1, "note": office.into("row of what nobody knows")}
    told = office.partner.post("/api/reports", {"channel": "hotline", "rows": [row, {"id": "r-2"}]})
    assert told[0]["outcome"] != "bad", told
    return str(told[0]["number"])


def about_persons_by_programs(office: Office) -> None:
    """Contact data is put right, a copy is asked for, approved and fetched."""
    program, who = caller(office.world, COORDINATOR), {"who": {"phone": MINE}}
    path = "POST /subjects/corrections"
    held = [each["id"] for each in program.post("/subjects/find", who)["reports"]]
    rooms = {"contact": 80, "address": 300, "enterprise": 200}
    texts = {name: office.into(f"{path} corrections.{name}", room) for name, room in rooms.items()}
    texts["email"] = office.written.email(f"{path} corrections.email")
    given = {**who, "reports": held[1:2], "corrections": texts, "why": office.into(f"{path} why", 500)}
    assert program.post("/subjects/corrections", given)["reports"]
    office.answers.append(office.desk(COORDINATOR).post("/subjects/find", who["who"], "/subjects/", 200))
    office.pages.append((office.desk(AUDITOR), "/audit/?kind=subject"))
    asked = {
        "who": {"email": texts["email"]},
        "reports": held[1:2],
        "kind": "export",
        "reason": office.into("POST /subjects/requests reason", 500),
    }
    request = program.post("/subjects/requests", asked, 201)["id"]
    words = office.into("POST /subjects/requests/{request_id}/decision words", 500)
    caller(office.world, SECURITY).post(
        f"/subjects/requests/{request}/decision", {"verdict": "approve", "words": words}
    )
    copy = program.send("POST", f"/subjects/requests/{request}/copy")
    office.answers.append(zipfile.ZipFile(io.BytesIO(copy.data)).read("index.html").decode())


def messages_by_programs(office: Office) -> None:
    """A message that was given up is thrown away; broken ones are looked at, sent again and dismissed; one is sent in a partner's name."""
    world, program = office.world, caller(office.world, ADMIN)
    give_up(world, "n-three", reason=office.into("letter three reason", 400))
    [letter] = [
        each["id"] for each in program.get("/operations/dead-letters")["letters"] if each["message"]["id"] == "n-three"
    ]
    discard = {"ids": [letter], "reason": office.into("POST /operations/dead-letters/discard reason", 500)}
    program.post("/operations/dead-letters/discard", discard)
    with world.services.database.read() as connection:
        entry = quarantine.listed(connection, quarantine.Wanted(), limit=1)[0].id
    path = "/operations/quarantine/{entry_id}"
    here = path.format(entry_id=entry)
    program.post(f"{here}/open", {"words": office.into(f"POST {path}/open words", 200)})
    edited = {name: office.into(f"POST {path}/resend {name}", 200) for name in ("content_type", "body")}
    edited["headers"] = {"x-note": office.into(f"POST {path}/resend headers.*", 200)}
    program.post(f"{here}/resend", edited, 422)
    reason = {"reason": office.into(f"POST {path}/dismiss reason", 500)}
    assert program.send("POST", f"{here}/dismiss", json=reason).status_code == 204
    office.pages.append((office.desk(ADMIN), here))
    order = program.get("/operations/messages")["partners"]
    [example] = [
        each["example"]
        for one in order
        if one["partner"] == "hotline"
        for each in one["messages"]
        if (each["type"], each["version"]) == ("hotline.order", "1")
    ]
    data = {**example, "id": "by-a-program", "title": office.into("POST /operations/messages data.*", 60)}
    sent = program.post("/operations/messages", {"partner": "hotline", "type": "hotline.order", "data": data})
    office.pages.append((office.desk(CLERK), f"/cases/{sent['number']}"))
