"""What is seen of the gateway from outside: metrics, health, and the trace that each request belongs to."""

from __future__ import annotations

import logging
from time import perf_counter

from flask import Blueprint, Flask, Response, g, jsonify, request

from gateway.context import services
from processes.observing import here
from processes.observing.metrics import CONTENT_TYPE, histogram
from processes.observing.trace import HEADER

log = logging.getLogger("bihuan.request")

REQUESTS = histogram("http_request_seconds", "Requests by route and status", "method", "route", "status")

NO_ROUTE = "none"
"""Stands for all addresses that lead nowhere: they are as many as somebody cares to try."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

blueprint = Blueprint("outside", __name__)


def observe(app: Flask) -> None:
    """Time every request of an application, and let its log lines and messages carry the caller's trace."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)
    app.register_blueprint(blueprint)


def _begin() -> None:
    g.door = here.door(request.headers.get(HEADER))
    g.door.__enter__()
    here.note(address=request.remote_addr)
    g.begun = perf_counter()


def _end(response: Response) -> Response:
    seconds = perf_counter() - g.begun
    route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code)).observe(seconds)
    # The route, not the address: an address may hold what somebody searched for.
    log.info("%s %s %s in %.1f ms", method, route, response.status_code, seconds * 1000)
    return response


def _leave(_: BaseException | None) -> None:
    entered = g.pop("door", None)
    if entered is not None:
        entered.__exit__(None, None, None)


@blueprint.get("/metrics")
def metrics() -> Response:
    """For Prometheus. Counts and times only: nothing on it is about a person or a case."""
    return Response(services().metrics.page(), content_type=CONTENT_TYPE)


@blueprint.get("/health/live")
def live() -> Response:
    """This process answers."""
    return jsonify({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """Whether every part of this process can work; 503 when one can't, with the reasons."""
    report = services().health.look()
    answer = jsonify(report.to_dict())
    answer.status_code = 200 if report.ready else 503
    return answer
