"""A case as a file to print and keep (PDF): what its page tells, in the same words and with the same masks."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from flask_babel import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from gateway.text import lasting, masked, masked_address, masked_name, moment, paragraphs
from processes.casework.views.case import CasePage
from processes.casework.views.exchange import Exchange
from processes.casework.views.timeline import Event

FONT = "STSong-Light"
"""One of the Chinese fonts that PDF viewers have or replace: the file names it and holds no copy."""

MARGIN = 20 * mm

_BODY = ParagraphStyle("body", fontName=FONT, fontSize=10.5, leading=17, wordWrap="CJK")
_TITLE = ParagraphStyle("title", parent=_BODY, fontSize=18, leading=26, spaceAfter=4)
_HEADING = ParagraphStyle(
    "heading", parent=_BODY, fontSize=13, leading=20, spaceBefore=12, spaceAfter=4, keepWithNext=1
)
_SAID = ParagraphStyle("said", parent=_BODY, leftIndent=8 * mm, textColor=HexColor("#4b5563"), spaceAfter=2)

_UNPRINTABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def case_file(page: CasePage, states: Mapping[str, Any], now: datetime) -> bytes:
    """The file. The same page at the same moment gives the same bytes; ``states``: how a message that went out stands, in words."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    number, out = page.head.number, io.BytesIO()
    made = _("%(number)s · %(at)s生成", number=number, at=moment(now))

    def foot(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont(FONT, 9)
        canvas.drawString(MARGIN, 10 * mm, made)
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, _("第 %(page)s 页", page=document.page))

    document = BaseDocTemplate(
        out, pagesize=A4, title=number, author=_("涉企问题高效闭环"), subject=page.head.problem.title, invariant=1
    )
    frame = Frame(MARGIN, MARGIN, A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=foot))
    document.build(list(_story(page, states)))
    return out.getvalue()


def _story(page: CasePage, states: Mapping[str, Any]) -> Iterator[Flowable]:
    yield _paragraph(page.head.problem.title or _("涉企问题"), _TITLE)
    yield from (_paragraph(f"{name}{_('：')}{value}") for name, value in _facts(page) if value)
    yield _paragraph(_("问题原文"), _HEADING)
    yield _paragraph(paragraphs(page.head.problem.body) or _("内容已按规定删除。"))
    yield _paragraph(_("办理经过"), _HEADING)
    for event in page.events:
        yield from _event(event)
    if page.exchanges:
        yield _paragraph(_("往来消息"), _HEADING)
        yield from (_paragraph(_exchange(each, states)) for each in page.exchanges)
    if page.spent:
        yield _paragraph(_("各环节用时"), _HEADING)
        for one in page.spent:
            told = _("%(days)s 个工作日，全部时间 %(time)s", days=one.days, time=lasting(one.whole))
            yield _paragraph(f"{one.name}{_('：')}{told}")
    if page.attachments:
        yield _paragraph(_("附件"), _HEADING)
        for file in page.attachments:
            yield _paragraph(file.name if file.sha256 else _("内容已按规定删除"))
            if file.sha256:
                yield _paragraph(_("%(size)s 字节，SHA-256 %(hash)s", size=file.size, hash=file.sha256), _SAID)


def _facts(page: CasePage) -> Iterator[tuple[str, str]]:
    head, problem = page.head, page.head.problem
    yield _("编号"), head.number
    yield _("状态"), _("已办结") if head.closed_at else head.status or head.stage_name
    yield _("密级"), _("保密") if head.confidential else ""
    yield _("企业"), " ".join(each for each in (problem.enterprise, problem.uscc) if each)
    yield _("联系人"), " ".join(each for each in (masked_name(problem.contact), masked(problem.phone)) if each)
    yield _("地址"), masked_address(problem.address)
    yield _("来源"), f"{problem.channel} {problem.known_as}"
    yield _("提交时间"), moment(problem.submitted_at or problem.received_at)
    yield _("受理地"), head.place_name
    yield _("研判意见"), head.reason
    yield _("承办板块"), head.board
    yield _("类别"), head.category
    yield _("经办人"), _("、").join(f"{name} {where}" for name, where in page.people)
    yield _("办理结果"), page.result
    yield _("企业评价"), head.rating
    yield _("办结时间"), moment(head.closed_at)


def _event(event: Event) -> Iterator[Flowable]:
    yield _paragraph(" ".join(each for each in (moment(event.at), event.title, event.who) if each))
    for said in event.said:
        body = said.body or _("内容已按规定删除")
        yield _paragraph(f"{said.label}{_('：')}{body}" if said.label else body, _SAID)


def _exchange(one: Exchange, states: Mapping[str, Any]) -> str:
    way = _("来文") if one.incoming else _("发出")
    state = "" if one.incoming else str(states[one.state])
    answered = moment(one.answered_at)
    return " ".join(each for each in (moment(one.at), way, one.name, one.whom, state, answered) if each)


def _paragraph(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    """Text as text, whatever it holds; line breaks stay."""
    return Paragraph(escape(_UNPRINTABLE.sub("", text)).replace("\n", "<br/>"), style)
