"""The official AsyncAPI parser, from npm by the lockfile beside this file; nothing of it is committed."""
