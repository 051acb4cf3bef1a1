"""The kernel: what a diagram means when it runs. In memory, without a database, a bus or a clock of its own.

``compiler`` turns files into a :class:`~processes.kernel.plan.Process`, immutable and shared; ``machine`` moves tokens through it, with one
module a kind of construct in ``behaviour``; ``instance`` is the face that the runtime sees; ``codec`` writes an instance's state down.

The semantics are those of BPMN 2.0.2, chapter 13. SpiffWorkflow's extension elements are the dialect that is read.
"""
