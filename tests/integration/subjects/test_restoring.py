"""A backup of before a deletion brings nobody back."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from processes.casework.subjects import again
from processes.errors import BihuanError
from processes.store.backup import write as write_backup
from processes.store.database import Database
from tests.integration.gateway.world import World
from tests.integration.subjects import held
from tests.integration.subjects.held import TRACES


@pytest.fixture
def saved(world: World, tmp_path: Path) -> Path:
    """A backup with the person in it; in the database, the deletion has been carried out since."""
    held.spread(world)
    write_backup(world.services.database, tmp_path / "before.zip")
    request = held.ask(world)
    held.decide(world, request)
    held.carry_out(world)
    return tmp_path / "before.zip"


def restored(monkeypatch: pytest.MonkeyPatch, file: Path, *arguments: str) -> int:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    return app.main(["restore", *arguments])


def test_by_the_list_it_is_deleted_again(
    world: World, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{world.services.database.url.database}")
    assert app.main(["erased", str(tmp_path / "list.txt")]) == 0
    told = (tmp_path / "list.txt").read_text("utf-8")
    assert not any(each in told for each in TRACES)
    assert restored(monkeypatch, tmp_path / "new.db", str(saved), "--erased", str(tmp_path / "list.txt")) == 0
    assert "重新删除 2 件" in capsys.readouterr().out
    assert held.places_in(Database(f"sqlite:///{tmp_path / 'new.db'}")) == {each: set() for each in TRACES}


def test_in_place_of_the_database_that_knows_it(world: World, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(str(world.services.database.url.database))
    world.services.database.dispose()
    assert restored(monkeypatch, file, str(saved), "--force") == 0
    assert held.places_in(Database(f"sqlite:///{file}")) == {each: set() for each in TRACES}


@pytest.mark.parametrize("line", ["case 7", "report", "x"])
def test_what_is_no_list_is_told_by_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "list.txt").write_text(f"report a\n{line}\n", "utf-8")
    with pytest.raises(BihuanError, match="第 2 行"):
        again.read(tmp_path / "list.txt")
