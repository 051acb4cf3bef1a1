"""The blueprint of these pages."""

from __future__ import annotations

from flask import Blueprint

from gateway.staff import pages

blueprint = Blueprint("accounts", __name__)
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)
