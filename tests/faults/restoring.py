"""A backup is taken while cases are under way, and restored elsewhere; whoever dies in between leaves a whole file or none, and a whole
database or none."""

from __future__ import annotations

import signal
from pathlib import Path

from sqlalchemy import func, inspect, select

from processes.store.database import Database
from processes.store.tables import Instance
from tests.faults.failpoints import scan
from tests.faults.trial import Trial


def restore_a_backup(trial: Trial) -> None:
    """Kills the two commands at each of their failpoints, then lets them do it."""
    world, folder = trial.world, trial.world.folder / "restored"
    trial.until_accepted(0.4)
    before = _counts(world.observed)
    file = folder.with_suffix(".bihuan")
    points = [each.name for each in scan() if each.offline]
    for name in (each for each in points if each.startswith("backup.")):
        dead = folder.with_suffix(f".{name}")
        _die(trial, name, "backup", str(dead))
        if dead.exists():
            trial.load.wrong.append(f"a backup that died at {name} is there")
    made = world.run("backup", str(file))
    after = _counts(world.observed)
    settings, target = _elsewhere(trial, folder)
    for name in (each for each in points if each.startswith("restore.")):
        _die(trial, name, "restore", str(file), **settings)
        with target.read() as connection:
            if inspect(connection).has_table(Instance.__tablename__):
                trial.load.wrong.append(f"a restore that died at {name} left tables")
    restored = world.run("restore", str(file), **settings)
    for each in (made, restored):
        if each.returncode:
            trial.load.wrong.append(f"{each.args[2:]}: {each.stderr.strip()[-300:]}")
            return
    there = _counts(target)
    target.dispose()
    if not all(low <= found <= high for low, found, high in zip(before, there, after, strict=True)):
        trial.load.wrong.append(
            f"instances and versions restored: {there}; before the backup {before}, after it {after}"
        )
    trial.note = f"{there[0]} instances restored"


def _die(trial: Trial, name: str, *command: str, **settings: str) -> None:
    code = trial.world.run(*command, failpoint=name, **settings).returncode
    if code == -signal.SIGKILL:
        trial.kills += 1
    else:
        trial.load.wrong.append(f"{command[0]} did not die at {name}: {code}")


def _elsewhere(trial: Trial, folder: Path) -> tuple[dict[str, str], Database]:
    """An empty database of the lane's kind: settings for the command, and a look at it."""
    world = trial.world
    if not world.nodes:
        folder.mkdir()
        return {"DATA": str(folder)}, Database(f"sqlite:///{folder / 'bihuan.db'}")
    url = world.postgres.create_database("restored")
    return {"DATABASE_URL": url}, Database(url)


def _counts(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(select(func.count(), func.coalesce(func.sum(Instance.version), 0))).one())
