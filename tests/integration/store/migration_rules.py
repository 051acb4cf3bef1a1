"""What a migration did to a schema, judged by the schema itself: an expand migration may only have added.

The rules are those of processes/store/schema.py. They are judged on the database's own account of its tables before and after,
so that no way of writing a migration gets around them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import Connection

_RELEASE = re.compile(r"\brelease \d+\.\d+")


@dataclass(frozen=True)
class Column:
    """A column: its type as the database names it, and whether a row may leave it out."""

    type: str
    nullable: bool
    default: bool


@dataclass(frozen=True)
class Limit:
    """Something that refuses rows. ``unique``: the columns that no two rows may share, if it is that."""

    text: str
    unique: frozenset[str] | None = None


@dataclass(frozen=True)
class Table:
    """A table and whatever refuses rows of it."""

    columns: Mapping[str, Column]
    limits: frozenset[Limit]

    def refuses_all_that(self, limit: Limit) -> bool:
        """Whether a limit refuses nothing that this table would take: it is there, or another of fewer columns."""
        keys = [each.unique for each in self.limits if each.unique is not None]
        return limit in self.limits or (limit.unique is not None and any(key <= limit.unique for key in keys))


Shape = Mapping[str, Table]


def shape(connection: Connection) -> Shape:
    """The tables of a database."""
    found = inspect(connection)
    found.clear_cache()
    columns, limits = found.get_multi_columns(), _limits(found)
    return {
        name: Table({each["name"]: _column(each) for each in own}, frozenset(limits[name]))
        for (_, name), own in columns.items()
        if name != "alembic_version"
    }


def _column(found: Any) -> Column:
    return Column(str(found["type"]), bool(found["nullable"]), found["default"] is not None)


def _limits(found: Any) -> Mapping[str, list[Limit]]:
    """By table. All tables are asked for at once: table by table takes PostgreSQL a minute for all migrations."""
    limits = defaultdict[str, list[Limit]](list)
    for (_, name), key in found.get_multi_pk_constraint().items():
        names = key["constrained_columns"]
        limits[name].append(Limit(f"primary key {names}", frozenset(names)))
    for (_, name), several in found.get_multi_unique_constraints().items():
        limits[name] += [_unique(each) for each in several]
    for (_, name), several in found.get_multi_indexes().items():
        limits[name] += [_unique(each) for each in several if each["unique"]]
    for (_, name), several in found.get_multi_foreign_keys().items():
        limits[name] += [
            Limit(f"foreign key {each['constrained_columns']} -> {each['referred_table']}") for each in several
        ]
    for (_, name), several in found.get_multi_check_constraints().items():
        limits[name] += [Limit(f"check {each['sqltext']}") for each in several]
    return limits


def _unique(found: Any) -> Limit:
    return Limit(f"unique {found['column_names']}", frozenset(found["column_names"]))


def tightened(before: Shape, after: Shape) -> list[str]:
    """What old software would stumble over, table by table."""
    return [problem for name, table in before.items() for problem in _problems(name, table, after.get(name))]


def _problems(name: str, before: Table, after: Table | None) -> Iterator[str]:
    if after is None:
        yield f"table {name} is gone"
        return
    for column, old in before.columns.items():
        new = after.columns.get(column)
        if new is None:
            yield f"column {name}.{column} is gone"
        elif new.type != old.type:
            yield f"column {name}.{column} was {old.type} and is {new.type}"
        elif old.nullable and not new.nullable:
            yield f"column {name}.{column} may no longer be empty"
        elif old.default and not new.default:
            yield f"column {name}.{column} has lost its default"
    for column, new in after.columns.items():
        if column not in before.columns and not new.nullable and not new.default:
            yield f"column {name}.{column} is new, and rows without it are refused"
    for limit in sorted(each.text for each in after.limits if not before.refuses_all_that(each)):
        yield f"table {name} refuses rows that it took before: {limit}"


def marks(module: ModuleType, level: int) -> list[str]:
    """What is wrong with how a migration says what it is."""
    kind = getattr(module, "kind", None)
    if kind == "expand":
        return ["an expand migration leaves the lowest level as it is"] if hasattr(module, "lowest") else []
    if kind == "break":
        return [] if getattr(module, "lowest", None) == level else ["a break's lowest is its own level"]
    if kind != "contract":
        return [f'kind is "expand", "contract" or "break", not {kind!r}']
    problems = []
    if not _RELEASE.search(module.__doc__ or ""):
        problems.append("a contract migration's docstring names the release that stopped using what is dropped")
    if not 1 < int(getattr(module, "lowest", 0)) < level:
        problems.append("a contract migration's lowest is the level of that release, which came before it")
    return problems
