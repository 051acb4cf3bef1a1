"""What if: recorded cases are played again on a draft, in memory, and compared with what happened.

Each instance is played twice: on the version that it ran on, which must give what its history says (``past``), and on the draft (``replay``), which
is given the same answers, messages and times. Compared are the two plays, so that whatever playing itself adds is in both. Nothing is written to
instances and nothing outside is called: jobs are answered from the record alone. A called process is part of the instance that called it and is
played with it; an instance that another one has started is played by itself, with the messages it got then.
"""
