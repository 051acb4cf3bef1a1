"""What a request works with: the services of its application."""

from __future__ import annotations

from flask import current_app

from gateway.services import Services

EXTENSION = "bihuan"


def services() -> Services:
    """The services of the application that serves this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
