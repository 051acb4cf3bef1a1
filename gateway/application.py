"""Puts the Flask application together: blueprints, filters, protection."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app

from gateway import (
    accounts,
    api,
    audit,
    auditing,
    instances,
    integrators,
    languages,
    open311,
    operations,
    outside,
    permissions,
    portal,
    rest,
    staff,
    studio,
    subjects,
    text,
    web,
)
from gateway.addresses import LazyRule, RowNumber
from gateway.context import EXTENSION
from gateway.rest.blueprint import blueprint as rest_blueprint
from gateway.services import Services


class _Application(Flask):
    url_rule_class = LazyRule


def build(services: Services) -> Flask:
    """The application; several may live in one process."""
    app = _Application("gateway", static_folder=None, template_folder=str(web.STATIC.parent.parent / "templates"))
    app.url_map.converters = {**app.url_map.converters, "int": RowNumber}
    app.extensions[EXTENSION] = services
    settings = services.settings
    app.config["MAX_CONTENT_LENGTH"] = max(settings.largest_body, settings.largest_upload + web.FORM_ROOM)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    outside.observe(app)
    permissions.guard(app)
    auditing.observe(app)
    languages.speak(app)
    web.protect(app, services.settings.data, services.settings.secure)
    app.register_blueprint(web.assets)
    app.register_blueprint(staff.blueprint)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(audit.blueprint)
    app.register_blueprint(subjects.blueprint)
    app.register_blueprint(operations.blueprint)
    app.register_blueprint(instances.blueprint)
    app.register_blueprint(studio.blueprint)
    app.register_blueprint(portal.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(api.health)
    app.register_blueprint(integrators.blueprint)
    app.register_blueprint(open311.blueprint)
    rest.register(app)
    web.csrf.exempt(api.blueprint)
    web.csrf.exempt(rest_blueprint)
    web.csrf.exempt(open311.blueprint)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=web.asset)
    app.jinja_env.filters.update(
        moment=text.moment,
        day=text.day,
        short=_short,
        stamp=text.stamp,
        size=text.size,
        remaining=text.remaining,
        lasting=text.lasting,
        masked=text.masked,
        marked=text.marked,
        paragraphs=text.paragraphs,
    )
    return app


def _short(value: datetime | None, now: datetime | None = None) -> str:
    services: Services = current_app.extensions[EXTENSION]
    return text.short(value, now or services.clock.now())
