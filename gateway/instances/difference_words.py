"""How differences between versions are said: elements, properties and places of forms by what people call them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from gateway.languages import language, translated
from gateway.staff.pages import snapshot
from processes.casework.views.instances.versions import DiagramChange, FormChange
from processes.languages import CHINESE
from processes.messaging.jobs import CATALOGUE
from processes.notation.difference import Change, Detail
from processes.notation.labels import KINDS

_REFERENCES = frozenset({"@sourceRef", "@targetRef", "@attachedToRef", "@default"})


def kinds() -> Mapping[str, str]:
    """What can have become of something."""
    return {"added": _("已新增"), "removed": _("已删除"), "changed": _("已修改"), "moved": _("已移动")}


def element(change: Change, diagram: DiagramChange) -> str:
    """What an element is called; a flow by its ends; else what it is."""
    called = change.name if language() == CHINESE else change.name_en or change.name
    if called:
        return called
    if len(change.ends) == 2:
        return " → ".join(_called(each, diagram) for each in change.ends)
    kind = KINDS.get(change.tag, change.tag) if language() == CHINESE else change.tag
    return f"{kind} {change.id}"


def value(property: str, said: str, diagram: DiagramChange) -> str:
    """A property's value: what it refers to by its name."""
    if property in _REFERENCES:
        return _called(said, diagram) if said else said
    if property == "job":
        return translated(CATALOGUE[said].title) if said in CATALOGUE else said
    if property == "role":
        return snapshot().reference.role_name(said) if said else said
    if property == "stage":
        return next((each.name for each in snapshot().reference.stages if each.code == said), said)
    return said


def _called(identity: str, diagram: DiagramChange) -> str:
    for drawing in (diagram.new, diagram.old):
        if drawing is not None and identity in drawing.tags:
            tag = drawing.tags[identity]
            kind = KINDS.get(tag, tag) if language() == CHINESE else tag
            return drawing.names.get(identity) or kind
    return identity


def property_name(path: str, diagram: DiagramChange | None = None) -> str:
    """What a property is called; those that nobody has named by where they stand in the file."""
    last = path.rpartition("/")[2]
    if last.startswith("flowNodeRef "):
        held = last.removeprefix("flowNodeRef ")
        return _("所含环节 %(id)s", id=_called(held, diagram) if diagram is not None else held)
    if last.startswith("parameter "):
        return _("参数“%(name)s”", name=last.removeprefix("parameter "))
    return {
        "@name": _("名称"),
        "nameEn": _("英文名称"),
        "documentation": _("说明"),
        "instructionsForEndUser": _("办理说明"),
        "@sourceRef": _("从"),
        "@targetRef": _("到"),
        "@attachedToRef": _("附着在"),
        "@default": _("默认流向"),
        "@cancelActivity": _("触发时中断"),
        "conditionExpression": _("条件"),
        "timeDate": _("时间"),
        "timeDuration": _("时长"),
        "timeCycle": _("周期"),
        "script": _("脚本"),
        "@calledElement": _("调用的流程"),
        "calledDecisionId": _("决策"),
        "form": _("表单"),
        "instructionsEn": _("办理说明的英文"),
        "job": _("做什么"),
        "role": _("角色"),
        "organisation": _("单位"),
        "place": _("地区"),
        "assignee": _("指定到人"),
        "excluded": _("须回避的人"),
        "dueAt": _("期限"),
        "warnAt": _("预警"),
        "next": _("接下来"),
        "nextEn": _("办完之后会怎样的英文"),
        "stage": _("阶段"),
        "caseStatus": _("问题状态"),
        "caseStatusEn": _("问题的状态的英文"),
        "record": _("记到问题上的内容"),
        "@messageRef": _("消息名称"),
        "correlationKey": _("靠什么对上号"),
        "messageVariable": _("消息内容放进变量"),
        "messagePayload": _("消息内容"),
        "@signalRef": _("信号名称"),
        "@errorRef": _("错误代码"),
        "@errorCode": _("错误代码"),
        "@escalationRef": _("升级代码"),
        "@escalationCode": _("升级代码"),
        "retries": _("失败后重试几次"),
        "backoff": _("隔多久重试"),
        "@resultVariable": _("结果变量"),
        "resultVariable": _("结果变量"),
        "@hitPolicy": _("命中策略"),
    }.get(last, path)


# -- forms -----------------------------------------------------------------------------------------------------------

_FIELD = re.compile(r"properties/([^/\[]+)(?:/(.*))?")
_REQUIRED = re.compile(r"required\[\d+]")
_OPTION = re.compile(r"oneOf\[(\d+)]/(.*)")


def form_place(path: str, form: FormChange) -> str:
    """What stands at a place of a form's file, in words; the place itself where nobody has a word for it."""
    if _REQUIRED.fullmatch(path):
        return _("必须填")
    if found := _FIELD.fullmatch(path):
        field, rest = found[1], found[2] or ""
        return _("“%(field)s”的%(what)s", field=form.fields.get(field, field), what=_in_field(rest))
    return _in_field(path)


def _in_field(path: str) -> str:
    if found := _OPTION.fullmatch(path):
        return _("第 %(number)s 个选项的%(what)s", number=found[1], what=_in_field(found[2]))
    return {
        "title": _("标题"),
        "x-title-en": _("英文标题"),
        "description": _("填写说明"),
        "x-description-en": _("英文填写说明"),
        "const": _("存成的内容"),
        "minLength": _("最少字数"),
        "maxLength": _("最多字数"),
        "minimum": _("最小值"),
        "maximum": _("最大值"),
        "minItems": _("最少项数"),
        "maxItems": _("最多项数"),
        "x-show": _("出现的条件"),
        "x-options": _("可选的内容"),
    }.get(path, path)


def form_value(path: str, said: str, form: FormChange) -> str:
    """What stands there: a field that is required by its title."""
    return form.fields.get(said, said) if _REQUIRED.fullmatch(path) else said


_TECHNICAL = re.compile(r"(?:.*/)?(?:\$schema|\$id|type|x-widget|x-text|x-half|format|uniqueItems)")


def told(form: FormChange) -> Sequence[Detail]:
    """What says something to people: not how it is kept and drawn."""
    return [each for each in form.details if not _TECHNICAL.fullmatch(each.property)]
