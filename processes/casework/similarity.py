"""Near-duplicates: reports that say nearly the same, found by min-hash bands and then compared exactly.

A text is the set of its three-character shingles. One-permutation min-hashing puts every shingle's hash into one of ``BINS`` bins and
keeps the smallest of each; two reports that agree in all bins of a band are compared. Texts whose shingles overlap by half (Jaccard
0.5) meet with a probability of 88 %, by 0.6 with 98 %; unrelated ones (below 0.05) practically never.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, or_, select

from processes.store.tables import Case, Fingerprint, Instant, ReportText

SHINGLE = 3
BINS = 48
ROWS = 3
"""bins a band; see above for what they find"""

CANDIDATES = 100
"""The newest candidates compared: a form letter sent a thousand times must not cost a thousand comparisons."""

REFUSED, DUPLICATE = "refused", "duplicate"
TURNED_AWAY = (REFUSED, DUPLICATE)
"""The outcomes, recorded by diagrams and promised by the API, of reports that no case is made of."""

_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Similar:
    """The most similar case. ``score`` is the Jaccard overlap of the texts, 0 to 1."""

    case: str
    number: str
    score: float

    def variables(self) -> dict[str, Any]:
        """As process variables."""
        return asdict(self)


def normalised(text: str) -> str:
    """The text without what people vary freely: width, case, spaces and punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())


def shingles(text: str) -> frozenset[str]:
    """Every run of three characters of the normalised text; a shorter text is its own only one."""
    plain = normalised(text)
    if len(plain) <= SHINGLE:
        return frozenset({plain} if plain else ())
    return frozenset(plain[start : start + SHINGLE] for start in range(len(plain) - SHINGLE + 1))


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """The Jaccard overlap of two sets; 0 when either is empty."""
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0


def bands(parts: frozenset[str]) -> list[str]:
    """The min-hash bands of a text's shingles; none for an empty text."""
    if not parts:
        return []
    smallest: list[int | None] = [None] * BINS
    for part in parts:
        value = int.from_bytes(blake2b(part.encode(), digest_size=8).digest())
        bin_, value = value % BINS, value // BINS
        if (known := smallest[bin_]) is None or value < known:
            smallest[bin_] = value
    filled = _filled(smallest)
    return [
        blake2b(repr(filled[start : start + ROWS]).encode(), digest_size=12).hexdigest()
        for start in range(0, BINS, ROWS)
    ]


def _filled(smallest: Sequence[int | None]) -> list[tuple[int, int]]:
    """An empty bin takes the next one's value, with the distance, so that short texts have full bands too."""
    filled = []
    for start in range(BINS):
        distance = next(step for step in range(BINS) if smallest[(start + step) % BINS] is not None)
        filled.append((distance, smallest[(start + distance) % BINS] or 0))
    return filled


@dataclass(frozen=True)
class Profile:
    """What a report's words are compared by."""

    shingles: frozenset[str]
    bands: tuple[str, ...]


def profile(title: str, body: str) -> Profile:
    """The profile of a report."""
    parts = shingles(f"{title}\n{body}")
    return Profile(parts, tuple(bands(parts)))


def remember(connection: Connection, report_id: str, words: Profile) -> None:
    """Write a report's bands, so that later ones find it."""
    rows = [{"report_id": report_id, "band": band, "value": value} for band, value in enumerate(words.bands)]
    if rows:
        connection.execute(_REMEMBER, rows)


def similar(
    connection: Connection, words: Profile, *, report_id: str = "", closed_since: datetime | None = None
) -> Similar | None:
    """The open case whose report says most nearly the same; ``report_id`` itself is left out.

    What score counts as a duplicate is for a decision table to say. ``closed_since``: cases closed after that time count too. Cases that
    were turned away (refused, or duplicates themselves) do not, nor do those submitted by a lower place: its own case is meant. Of equally
    similar ones a pooled case goes first, then the oldest.
    """
    if not words.bands:
        return None
    values = {f"band{band}": value for band, value in enumerate(words.bands)}
    rows = connection.execute(_SHARING, {**values, "report": report_id, "since": closed_since or _NEVER})
    found = []
    for row in rows:
        score = round(overlap(words.shingles, shingles(f"{row.title}\n{row.body}")), 4)
        found.append(((-score, not row.pooled, row.opened_at, row.number), Similar(row.id, row.number, score)))
    return min(found, key=lambda each: each[0])[1] if found else None


_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_REMEMBER = insert(Fingerprint)
_SAME_BAND = or_(
    *(and_(Fingerprint.band == band, Fingerprint.value == bindparam(f"band{band}")) for band in range(BINS // ROWS))
)
_SHARING = (
    select(Case.id, Case.number, Case.pooled, Case.opened_at, ReportText.title, ReportText.body)
    .join(ReportText, ReportText.report_id == Case.report_id)
    .where(
        Case.report_id.in_(
            select(Fingerprint.report_id).where(_SAME_BAND, Fingerprint.report_id != bindparam("report")).distinct()
        ),
        Case.parent.is_(None),
        or_(Case.closed_at.is_(None), Case.closed_at > bindparam("since", type_=Instant)),
        or_(Case.outcome.is_(None), Case.outcome.not_in(TURNED_AWAY)),
    )
    .order_by(Case.opened_at.desc(), Case.id)
    .limit(CANDIDATES)
)
