"""The blueprint of these pages, and for which places somebody may put models into force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from gateway.context import services
from gateway.languages import language
from gateway.staff import pages
from gateway.staff.viewer import places_for
from processes.casework import model_drafts, models_in_force
from processes.casework.model_drafts import Draft
from processes.casework.views.models import models, read_drawings
from processes.notation.check.findings import Finding

PAGE = "models"
"""Page of ``staff/pages.csv``."""

EVERYWHERE = ""

blueprint = Blueprint("studio", __name__, url_prefix="/studio")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


def places() -> tuple[str, ...]:
    """Where the viewer may put models into force: the places of the duties; for those at the one top, everywhere."""
    reference = pages.snapshot().reference
    tops = [each for each in reference.places if reference.superior(each) is None]
    return tuple(EVERYWHERE if [each] == tops else each for each in places_for(PAGE, pages.viewer().authority))


def approves() -> frozenset[str]:
    """For which places the viewer may approve what others change: those of the duties, and all below them."""
    reference = pages.snapshot().reference
    below = (each for place in places() if place for each in reference.under(place))
    return frozenset({EVERYWHERE, *reference.places} if EVERYWHERE in places() else below)


def path(place: str) -> Sequence[str]:
    """A place and those above it, the nearest first; what is in force everywhere comes last."""
    return (*pages.snapshot().reference.path(place), EVERYWHERE) if place else (EVERYWHERE,)


def below(place: str) -> Sequence[str]:
    """A place and all below it."""
    reference = pages.snapshot().reference
    return tuple(reference.under(place)) if place else tuple(reference.places)


def place_name(place: str) -> str:
    """What a place is called."""
    return pages.snapshot().reference.place_name(place) if place else _("全部地区")


def own(connection: Connection, draft_id: str) -> Draft:
    """The viewer's draft, of a place that is still his or hers; anything else is not found."""
    found = model_drafts.own(connection, draft_id, pages.viewer().id)
    if found is None or found.place not in places():
        abort(404)
    return found


def together(connection: Connection, place: str, sent: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The edited files with all that is in force beside them: what is checked, and what is deployed."""
    held = models_in_force.at(connection, path(place))
    return {**models_in_force.bodies(connection, held.values(), sent), **sent}


def name_of(connection: Connection, draft: Draft, spoken: str = "") -> str:
    """What the draft's process is called in a language (else the viewer's): as it is in force, one that there is not yet by its diagram."""
    spoken = spoken or language()
    held = models_in_force.at(connection, path(draft.place)).get(draft.process)
    known = models(connection, held.definition if held is not None else draft.base, spoken).process(draft.process)
    return known or drawn_name(draft, spoken)


def drawn_name(draft: Draft, spoken: str = "") -> str:
    """What the process is called in the draft itself."""
    drawn = read_drawings(draft.text.encode(), draft.file, spoken or language())
    return next((each.name for each in drawn if each.process_id == draft.process), draft.process)


def findings(files: Mapping[str, bytes]) -> Sequence[Finding]:
    """What ``check`` says of them."""
    return services().check(files)


def diagram() -> bytes:
    """The diagram that a script has sent; of one that is too large so much as shows it."""
    file = request.files.get("diagram")
    return b"" if file is None else file.read(model_drafts.LARGEST + 1)
