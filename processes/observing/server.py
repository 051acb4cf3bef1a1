"""Metrics and health over HTTP, for processes that are no web server: ``/metrics``, ``/health/live``, ``/health/ready``.

>>> server = Server("127.0.0.1", 0, Metrics(), Health())
>>> server.start()
>>> server.stop()
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes.errors import BihuanError
from processes.observing.health import Health
from processes.observing.metrics import CONTENT_TYPE, Metrics

_IDLE_SECONDS = 10.0
"""After so long a connection that says nothing is closed."""


class Server:
    """Answers in threads of its own. ``port`` 0 takes any free one; :attr:`port` tells which.

    :raises BihuanError: when the port can't be had
    """

    def __init__(self, host: str, port: int, metrics: Metrics, health: Health) -> None:
        class Handler(_Handler):
            pass

        Handler.metrics, Handler.health = metrics, health
        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise BihuanError(
                f"监测端口 {port} 用不了（{error.strerror}）；请用 METRICS_PORT 换一个", f"metrics port {port}: {error}"
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="observing", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    metrics: Metrics
    health: Health
    timeout = _IDLE_SECONDS
    server_version = "bihuan"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, CONTENT_TYPE, self.metrics.page())
        elif self.path == "/health/live":
            self._json(200, {"live": True})
        elif self.path == "/health/ready":
            report = self.health.look()
            self._json(200 if report.ready else 503, report.to_dict())
        else:
            self._json(404, {"error": "没有这个地址", "en": "not found"})

    def _json(self, status: int, said: object) -> None:
        self._answer(status, "application/json", json.dumps(said, ensure_ascii=False).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes come every few seconds: not a line for each."""
