"""From files to a :class:`~processes.kernel.plan.Process`. What ``check`` has let through compiles; anything else is a :class:`ParseError`."""

from processes.kernel.compiler.compile import compile_process
from processes.kernel.compiler.reading import ParseError

__all__ = ["ParseError", "compile_process"]
