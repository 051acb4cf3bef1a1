"""Ending logins and access tokens, with the entry that tells of it. Whose they may be is for the callers to know."""

from __future__ import annotations

from gateway import auditing
from gateway.context import services
from gateway.staff.pages import viewer
from processes.casework.accounts import administration, sessions, tokens


def end_session(person: str, session_id: str) -> bool:
    """Log somebody out somewhere; returns whether there was such a login."""
    with services().database.write() as connection:
        ended = sessions.end(connection, person, session_id)
        if ended:
            auditing.note(connection, "account.end_session", f"person:{person}", session=session_id)
    return ended


def log_out(person: str, keep: str = "") -> None:
    """Log somebody out everywhere, but for the login whose id is ``keep``."""
    with services().database.write() as connection:
        administration.log_out(connection, person, by=viewer().id, keep=keep)
        auditing.note(connection, "account.log_out", f"person:{person}")


def revoke(person: str, token_id: str) -> bool:
    """End an access token of somebody's, and the program that holds it is out; returns whether there was such a token."""
    with services().database.write() as connection:
        revoked = tokens.revoke(connection, person, token_id, services().clock.now(), by=viewer().id)
        if revoked:
            auditing.note(connection, "token.revoke", f"token:{token_id}", person=person)
    return revoked
