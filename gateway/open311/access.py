"""Who may call: a partner by its token, sent as ``api_key`` or as a bearer token; and how refusals look there."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from gateway.api.access import KILOBYTE, owner
from gateway.context import services
from processes.casework.records import Channel
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.observing import here

blueprint = Blueprint("open311", __name__, url_prefix="/open311/v2")

LARGEST = 256 * KILOBYTE
"""bytes of a request: many times a long description, as everywhere in the API"""

STATUS_WORDS = {404: "没有这个接口", 405: "这个接口不接受这种请求", 406: "只提供 JSON，请用 .json", 413: "内容太大"}


class Refused(Exception):
    """The answer is no: ``descriptions`` go into the list of errors that the standard wants."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__("；".join(descriptions))
        self.status = status
        self.descriptions = descriptions


@blueprint.before_request
def _limit() -> None:
    request.max_content_length = LARGEST


@blueprint.errorhandler(Refused)
def _refused(refused: Refused) -> Response:
    return errors(refused.status, refused.descriptions)


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    status = error.code or 500
    return errors(status, [STATUS_WORDS.get(status, error.name)])


@blueprint.errorhandler(BihuanError)
def _failed(error: BihuanError) -> Response:
    if services().database.was_away(error):
        return errors(503, ["暂时不能办理，请稍后用同一编号再试"])
    return errors(409, [error.zh])


@blueprint.route("/<path:rest>", methods=["GET", "POST"])
def nothing(rest: str) -> Response:
    """Every other address of the standard: XML is not spoken here."""
    abort(406 if rest.endswith(".xml") else 404)


def errors(status: int, descriptions: Sequence[str]) -> Response:
    """A refusal as the standard has it: a list of ``{code, description}``."""
    answer = jsonify([{"code": status, "description": each} for each in descriptions])
    answer.status_code = status
    return answer


def partner() -> str:
    """Whose request this is. Raises :class:`Refused` without a valid key."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = request.values.get("api_key") or (token.strip() if scheme.lower() == "bearer" else "")
    found = owner(services().settings.partners, given)
    if found is None:
        raise Refused(403, "缺少有效的 api_key")
    here.note(partner=found)
    return found


def channels(reference: Reference, of: str) -> dict[str, Channel]:
    """The channels of a partner. Raises :class:`Refused` for one that has none."""
    found = {code: each for code, each in reference.channels.items() if each.partner == of}
    if not found:
        raise Refused(403, f"合作方 {of} 没有渠道")
    return found


def jurisdiction(reference: Reference) -> str | None:
    """The place that was named, if one was. Raises :class:`Refused` for one that nobody knows."""
    place = request.values.get("jurisdiction_id", "").strip()
    if place and place not in reference.places:
        raise Refused(404, f"没有地区（jurisdiction_id）{place[:40]}")
    return place or None
