"""What the private servers share: free ports, child processes that never outlive us, waiting with a deadline."""

from __future__ import annotations

import ctypes
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def free_ports(count: int) -> list[int]:
    """Distinct free loopback ports (all held open together, so that none repeats).

    Below those that the kernel gives to outgoing connections: while a server that was killed is away, nobody else may get its port.
    """
    lowest = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32768
    candidates = random.sample(range(lowest // 2, lowest), 50 * count)
    sockets: list[socket.socket] = []
    try:
        for port in candidates:
            one = socket.socket()
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                one.close()
                continue
            sockets.append(one)
            if len(sockets) == count:
                break
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    command: Sequence[str], *, cwd: Path, log: Path, env: Mapping[str, str], user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (our Ctrl-C is not meant for it); the kernel kills it when we die."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            preexec_fn=die_with_parent,
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float, log: Path) -> None:
    """Ask ``ready`` until it says yes. Raises RuntimeError when the process ends first, TimeoutError in the end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}, see {log}")
        if ready():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} not ready after {seconds} s, see {log}")


def stop(process: subprocess.Popen[bytes], how: signal.Signals, seconds: float) -> None:
    """Ask a process to end, and end it when it does not."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
