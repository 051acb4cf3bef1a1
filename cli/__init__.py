"""The command line: one module a command, and what a process of ours is put together from."""
