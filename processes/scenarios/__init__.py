"""Scenarios: readable files beside the models (given, when, then), played on the real engine in memory, and what of the diagrams they pass.

A file says in which situation a process begins, what people, systems and time do, and what must come of it. Nothing outside is called: jobs
are answered by the scenario, messages to others are looked at and go nowhere.
"""
