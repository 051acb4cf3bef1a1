"""Triggers by which the database itself refuses to change the audit log. Entries up to ``audit_chain.sealed`` lie in a file, and may go."""

from __future__ import annotations

_TABLE = "audit_entry"
_SAID = "the audit log is only added to"
_SEALED = "coalesce((SELECT sealed FROM audit_chain), 0)"

SQLITE = (
    # INSERT OR REPLACE takes a row's place without deleting it.
    f"CREATE TRIGGER audit_entry_insert BEFORE INSERT ON {_TABLE} "
    f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE seq = new.seq) BEGIN SELECT RAISE(ABORT, '{_SAID}'); END",
    f"CREATE TRIGGER audit_entry_update BEFORE UPDATE ON {_TABLE} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END",
    f"CREATE TRIGGER audit_entry_delete BEFORE DELETE ON {_TABLE} WHEN old.seq > {_SEALED} "
    f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END",
)

POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' THEN IF OLD.seq <= {_SEALED} THEN RETURN OLD; END IF; END IF; "
    f"RAISE EXCEPTION '{_SAID}'; END $$",
    f"CREATE TRIGGER audit_entry_change BEFORE UPDATE OR DELETE ON {_TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()",
    f"CREATE TRIGGER audit_entry_truncate BEFORE TRUNCATE ON {_TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()",
)

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
"""What guards the log, by dialect, once both tables are there."""
