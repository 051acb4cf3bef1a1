"""What the security administrator does with an account: never with the own one, and within reach alone (403 and 404 else)."""

from __future__ import annotations

from gateway import auditing
from gateway.accounts import ending
from gateway.accounts.pages import rules
from gateway.accounts.reach import reached
from gateway.context import services
from gateway.staff.pages import viewer
from processes.casework import edits
from processes.casework.accounts import administration, passwords, second_factor, tokens

PAGE = "accounts"


def lock(person: str) -> None:
    """Let nobody in by this account until further notice."""
    reached(PAGE, person)
    with services().database.write() as connection:
        administration.lock(connection, person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.lock", f"person:{person}")


def unlock(person: str) -> None:
    """Undo it, or what wrong tries have done."""
    reached(PAGE, person)
    with services().database.write() as connection:
        administration.unlock(connection, rules(), person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.unlock", f"person:{person}")


def deactivate(person: str) -> None:
    """Somebody has left."""
    reached(PAGE, person)
    with services().database.write() as connection:
        edits.set_active(connection, person, False, by=viewer().id)
        administration.log_out(connection, person, by=viewer().id)
        tokens.revoke_all(connection, person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.deactivate", f"person:{person}")


def reactivate(person: str) -> None:
    """Somebody has come back."""
    reached(PAGE, person)
    with services().database.write() as connection:
        edits.set_active(connection, person, True, by=viewer().id)
        auditing.note(connection, "account.reactivate", f"person:{person}")


def reset(person: str) -> str:
    """Give a password to begin with; it is returned, and kept nowhere."""
    reached(PAGE, person)
    return passwords.hand_out(services().database, rules(), person, services().clock.now(), by=viewer().id)


def reset_second(person: str) -> None:
    """The phone is lost."""
    reached(PAGE, person)
    with services().database.write() as connection:
        second_factor.drop(connection, person, by=viewer().id)
        administration.log_out(connection, person, by=viewer().id)
        auditing.note(connection, "account.drop_second", f"person:{person}")


def log_out(person: str) -> None:
    """Log somebody out everywhere."""
    reached(PAGE, person)
    ending.log_out(person)


def end_session(person: str, session_id: str) -> bool:
    """Log somebody out somewhere; returns whether there was such a login."""
    reached(PAGE, person)
    return ending.end_session(person, session_id)


def revoke(person: str, token_id: str) -> bool:
    """End an access token of somebody's; returns whether there was such a token."""
    reached(PAGE, person)
    return ending.revoke(person, token_id)
