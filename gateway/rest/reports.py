"""兜底专窗 for programs: a problem entered for an enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from gateway.languages import language
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import Named, Shape, anything, many, named, said, string
from gateway.rest.tags import REPORTS
from gateway.staff import counter
from processes.casework.forms import FormErrors

ROOM = 10_000
"""Characters of a field at most; how many the form takes, it says itself."""


class ReportFormShape(Shape):
    """What is filled in, and the places that may be named."""

    form = anything(_l("表单：JSON Schema"))
    places = many(Named)


@operation("GET", "/reports/form", tag=REPORTS, summary=_l("登记的表单"), answer=ReportFormShape)
def report_form() -> Any:
    """The counter's form."""
    return {"form": counter.FORM.in_language(language()).schema, "places": named(counter.served().items())}


class Reporting(Shape):
    """The counter's form."""

    place = said(_l("受理地区的代码；只在一地任职的可以不填"), most=20)
    enterprise = said(_l("企业名称"), most=ROOM)
    uscc = said(_l("统一社会信用代码"), most=ROOM)
    contact = said(_l("联系人"), most=ROOM)
    phone = said(_l("联系电话"), most=ROOM)
    address = said(_l("经营地址"), most=ROOM)
    title = said(_l("问题标题"), most=ROOM)
    body = said(_l("问题详情"), most=ROOM)


class ReportedShape(Shape):
    """What became of it: ``pool``, ``refused``, ``duplicate``, ``person`` (someone decides) or ``known`` (it had come before)."""

    outcome = string()
    number = string(_l("问题编号，告诉企业"))
    reason = string(allow_none=True)
    board = string(allow_none=True)


@operation(
    "POST", "/reports", tag=REPORTS, summary=_l("登记一个问题"), body=Reporting, answer=ReportedShape, status=201
)
def report(given: Mapping[str, Any]) -> Any:
    """Enter the problem."""
    filled_in = {name: value for name, value in given.items() if value}
    try:
        # The same request under the same key has the same number, and the library takes a number once.
        return counter.enter(filled_in, f"api-{command()[:20]}")
    except FormErrors as error:
        raise Unfit.of(error, "body") from error
