"""The languages of the pages: Chinese, and English for whoever chooses it.

Chinese words stand in templates and code, inside ``_("…")`` (``gettext`` in templates, ``flask_babel.gettext`` in code). Their English
stands in ``translations/en/AREA.po``, one file an area of the gateway; that of scripts (``_('…')`` of ``frontend/src/words.js``) in ``scripts.po``.
The files are read as they are: nothing has to be compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Protocol

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, redirect, request
from flask_babel import Babel, Domain, get_locale, gettext
from werkzeug.wrappers import Response

from gateway.paths import is_ours, is_rest
from processes.languages import CHINESE, ENGLISH

TRANSLATIONS = Path(__file__).parent / "translations"

NAMES = {CHINESE: "中文", ENGLISH: "English"}

SCRIPTS = "scripts.po"
"""The words of our scripts: a page in English carries them."""

COOKIE = "language"
LASTS = 365 * 24 * 3600
"""seconds for which a browser keeps its choice"""

blueprint = Blueprint("languages", __name__)


class Words(Domain):
    """The translations of all areas, read from their ``.po`` files."""

    def get_translations(self) -> NullTranslations:
        """Those of the language of this request."""
        return _translations(language())


def speak(app: Flask) -> None:
    """Let an application speak the language that each request asks for."""
    babel = Babel()  # type: ignore[no-untyped-call]
    babel.init_app(  # type: ignore[no-untyped-call]
        app, default_locale=CHINESE, default_timezone="Asia/Shanghai", locale_selector=_chosen
    )
    babel.domain_instance = Words()  # type: ignore[no-untyped-call]
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        language=language,
        language_names=NAMES,
        pick=pick,
        translated=translated,
        script_words=lambda: _script_words(language()),
    )
    # Not by way of an application's domain of each call: a list has hundreds of words.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _translations(language()).gettext(text),
        lambda one, many, number: _translations(language()).ngettext(one, many, number),
        newstyle=True,
    )


def language() -> str:
    """``zh`` or ``en``."""
    locale = get_locale()
    return ENGLISH if locale is not None and locale.language == ENGLISH else CHINESE


class InBoth(Protocol):
    """An error, or another thing that says what it says in both languages."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


def said(words: InBoth) -> str:
    """What an error says, in the language of this request."""
    return pick(words.zh, words.en)


def pick(zh: str | None, en: str | None) -> str:
    """Of words that are there in both languages those of the language of this request; Chinese where the English is empty."""
    return (language() == ENGLISH and en) or zh or ""


def translated(declared: str) -> str:
    """What the core declares in Chinese, whole and fixed (the words of contracts and jobs), in the language of this request."""
    found: str = gettext(declared) if declared else ""
    return found


def catalogue(path: Path) -> Catalog:
    """The messages of a ``.po`` file."""
    with path.open("rb") as lines:
        return read_po(lines, locale=path.parent.name)


@blueprint.post("/language")
def choose() -> Response:
    """Take up the language that was asked for, and go back to where it was asked."""
    wanted, back = request.form.get("language", ""), request.form.get("back", "/")
    answer = redirect(back if is_ours(back) else "/")
    if wanted in NAMES:
        answer.set_cookie(COOKIE, wanted, max_age=LASTS, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


def _chosen() -> str:
    """Chinese unless English was chosen: officials' browsers are set to anything. Programs say what they want."""
    if is_rest(request.path):
        return request.accept_languages.best_match(NAMES) or CHINESE
    asked = request.cookies.get(COOKIE, "")
    return asked if asked in NAMES else CHINESE


@cache
def _script_words(chosen: str) -> Mapping[str, str]:
    """What scripts say in a language that is not theirs."""
    path = TRANSLATIONS / chosen / SCRIPTS
    return {str(each.id): str(each.string) for each in catalogue(path) if each.id} if path.exists() else {}


@cache
def _translations(chosen: str) -> NullTranslations:
    whole = Catalog(locale=chosen)
    for path in sorted((TRANSLATIONS / chosen).glob("*.po")):
        for message in catalogue(path):
            if message.id and message.string:
                whole[message.id] = message
    packed = BytesIO()
    write_mo(packed, whole)
    packed.seek(0)
    return Translations(packed)
