"""The platform in the browser and over HTTP: the staff's pages and the API. Flask and nothing of the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from gateway.services import Services


def create_app(services: Services) -> Flask:
    """The WSGI application over the given services.

    Flask is imported here, so that the command line's client (``gateway.client``) starts without it.
    """
    from gateway.application import build

    return build(services)
