"""What BPMN means here, told twice: a slow and simple interpreter of diagrams, and random diagrams to compare the engine with it.

Start with ``interpreter``. Nothing in this package uses the engine's own reading of diagrams or its run time; only expressions and decision
tables are evaluated by ``processes.notation``, which has tests of its own.
"""
