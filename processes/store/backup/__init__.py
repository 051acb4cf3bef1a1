"""Backup and restore of the whole database, while the platform runs: one file, the same from either database into either.

>>> backup.write(database, Path("monday.bihuan"))  # doctest: +SKIP
>>> backup.restore(other, Path("monday.bihuan"))  # doctest: +SKIP

One module a concern: :mod:`.values` (how a value stands in the file), :mod:`.archive` (the file), :mod:`.writing` (a consistent
copy of a running database), :mod:`.restoring` (into an empty one, in one transaction).
"""

from processes.store.backup.archive import Archive, BackupError, Damaged, Manifest
from processes.store.backup.restoring import restore
from processes.store.backup.writing import write

__all__ = ["Archive", "BackupError", "Damaged", "Manifest", "restore", "write"]
