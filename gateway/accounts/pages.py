"""The blueprint of these pages."""

from __future__ import annotations

from flask import Blueprint, abort

from gateway.staff import pages
from gateway.staff.pages import snapshot, viewer
from processes.casework.accounts.sessions import Session
from processes.casework.records import AccountRules

blueprint = Blueprint("accounts", __name__)
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


def rules() -> AccountRules:
    """What is asked of passwords and logins."""
    return snapshot().reference.account_rules


def own_session() -> Session:
    """The login of this request."""
    found = viewer().session
    if found is None:
        abort(401)
    return found
