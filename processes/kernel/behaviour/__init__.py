"""What a token does at each kind of node: one module a kind of construct. Importing this package registers all of them."""

from processes.kernel.behaviour import activities, events, gateways, sub_processes, throwing, transactions

__all__ = ["activities", "events", "gateways", "sub_processes", "throwing", "transactions"]
