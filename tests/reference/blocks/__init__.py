"""The blocks that processes are drawn of, by what they are about."""
