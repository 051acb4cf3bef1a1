"""Accounts, duties, one's own account and the audit log for programs: of each administrator what the own pages do, and no more.

Tokens are made, passwords changed and second factors set up on pages alone, by who is there: a token that is stolen makes no other, and
changes nothing that the person gets in by.
"""

from gateway.rest.people import accounts, audit, duties, own

__all__ = ["accounts", "audit", "duties", "own"]
