"""What the operator of a broker does for a peer: an account that may publish to the inbox, by its own routing key, and nothing else."""

from __future__ import annotations

from tests.servers.rabbit import RabbitNode

PASSWORD = "peer-of-the-tour"


def open_account(node: RabbitNode, peer: str, vhost: str = "/") -> None:
    """Let a peer send. The same commands stand in the README."""
    node.ctl("add_user", peer, PASSWORD)
    node.ctl("set_permissions", "-p", vhost, peer, "^$", r"^bihuan\.inbox$", "^$")
    node.ctl("set_topic_permissions", "-p", vhost, peer, "bihuan.inbox", rf"^peer\.{peer}$", "^$")
