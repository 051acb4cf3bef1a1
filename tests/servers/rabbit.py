"""A private RabbitMQ node: its own ports, data, cookie and port mapper; no service, no shared state.

node = RabbitNode.start()
node.url()                      # amqp://guest:guest@127.0.0.1:PORT/%2F
node.kill(); node.boot()        # kill -9, and back with the same data
node.destroy()
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.servers.process import free_ports, spawn, stop, wait_until

# The plain scripts; those in /usr/sbin switch to the service's user and its paths.
BIN = Path("/usr/lib/rabbitmq/bin")

_OPTIONS = {
    "loopback_users.guest": "true",
    "disk_free_limit.absolute": "50MB",
    "vm_memory_high_watermark.absolute": "4GB",
    "log.console": "false",
    "log.file.level": "warning",
    "cluster_partition_handling": "pause_minority",
}


class RabbitNode:
    """One node. ``boot`` after ``create``, ``kill`` or ``stop``; ``destroy`` at the end."""

    def __init__(
        self,
        base: Path,
        peer: RabbitNode | None = None,
        options: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        """``peer``: a node whose port mapper and cookie this one shares, so that it can join its cluster; ``port``: where it listens (any
        free one, unless told)."""
        self.base = base
        self._options = {**_OPTIONS, **(options or {})}
        free, self._distribution_port, self._mapper_port = free_ports(3)
        self.port = port or free
        self._cookie = uuid.uuid4().hex
        if peer is not None:
            self._mapper_port, self._cookie = peer._mapper_port, peer._cookie
        self.name = f"mq-{self.port}@localhost"
        self._process: subprocess.Popen[bytes] | None = None
        self._write_files()

    @staticmethod
    def available() -> bool:
        """Whether the server is installed."""
        return (BIN / "rabbitmq-server").exists()

    @classmethod
    def start(
        cls, base: Path | None = None, options: Mapping[str, str] | None = None, port: int | None = None
    ) -> RabbitNode:
        """Create a node under ``base`` (a new temporary folder by default) and boot it (3 to 5 s). ``options``: settings of the broker
        beside, or instead of, those that suit tests."""
        node = cls(base or Path(tempfile.mkdtemp(prefix="rabbit-")), options=options, port=port)
        node.boot()
        return node

    @classmethod
    def cluster(cls, size: int) -> list[RabbitNode]:
        """So many nodes in one cluster (13 s for three)."""
        first = cls.start()
        nodes = [first, *(cls(Path(tempfile.mkdtemp(prefix="rabbit-")), first) for _ in range(size - 1))]
        for node in nodes[1:]:
            node.boot()
            for words in (("stop_app",), ("join_cluster", first.name), ("start_app",)):
                node.ctl(*words)
        return nodes

    def leave_unheard(self, peer: RabbitNode) -> None:
        """Believe nothing more that a peer of its cluster says, as if the network between the two were cut."""
        self.ctl("eval", f"erlang:set_cookie('{peer.name}', 'not-{self.name}'), erlang:disconnect_node('{peer.name}').")

    def hear_again(self, peer: RabbitNode) -> None:
        """Undo :meth:`leave_unheard`."""
        self.ctl(
            "eval", f"erlang:set_cookie('{peer.name}', erlang:get_cookie()), net_kernel:connect_node('{peer.name}')."
        )

    def _write_files(self) -> None:
        for name in ("home", "mnesia", "log", "generated"):
            (self.base / name).mkdir(parents=True, exist_ok=True)
        cookie = self.base / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(self._cookie)
            cookie.chmod(0o400)
        (self.base / "plugins").write_text("[].\n")
        (self.base / "rabbitmq.conf").write_text(
            "".join(f"{name} = {value}\n" for name, value in self._options.items())
        )

    def _env(self) -> dict[str, str]:
        base = self.base
        interface = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(base / "home"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(base / "mnesia"),
            "RABBITMQ_LOG_BASE": str(base / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(base / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{interface} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            "RABBITMQ_CTL_ERL_ARGS": f"{interface} +S 1:1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    @property
    def pid(self) -> int:
        """The process id of the virtual machine."""
        assert self._process is not None
        return self._process.pid

    def url(self, vhost: str = "/") -> str:
        """The AMQP address of a vhost, with user and password."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{vhost.replace('/', '%2F')}"

    def boot(self) -> None:
        """Start and wait until the node answers AMQP."""
        log = self.base / "log" / "stdout"
        # With this set the script execs the virtual machine, so our process id is its own and kill -9 hits it.
        env = self._env() | {"RABBITMQ_ALLOW_INPUT": "1"}
        command = [str(BIN / "rabbitmq-server"), "-noinput"]
        self._process = spawn(command, cwd=self.base, log=log, env=env)
        wait_until(self.answers, self._process, 90.0, log)

    def answers(self) -> bool:
        """The listener answers the protocol header with Connection.Start (a method frame: type 1)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as peer:
                peer.settimeout(2.0)
                peer.sendall(b"AMQP\x00\x00\x09\x01")
                return peer.recv(1) == b"\x01"
        except OSError:
            return False

    def sync(self) -> None:
        """Make new queues safe from ``kill``: 3.10 loses a quorum queue declared shortly before the death of its node."""
        self.ctl("eval", "[dets:sync(T) || T <- dets:all()].")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End cleanly; the data stays."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM, 20.0)

    def destroy(self) -> None:
        """End and remove everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        subprocess.run(["epmd", "-port", str(self._mapper_port), "-kill"], capture_output=True, check=False)
        shutil.rmtree(self.base, ignore_errors=True)

    def create_vhost(self, name: str) -> str:
        """A fresh vhost (0.4 s), and its URL."""
        self.ctl(
            "eval",
            f'rabbit_vhost:add(<<"{name}">>, <<"test">>), rabbit_auth_backend_internal:set_permissions('
            f'<<"guest">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).',
        )
        return self.url(name)

    def delete_vhost(self, name: str) -> None:
        """Remove a vhost with its queues and connections."""
        self.ctl("eval", f'rabbit_vhost:delete(<<"{name}">>, <<"test">>).')

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against the node. Raises RuntimeError with what it said."""
        command = [str(BIN / "rabbitmqctl"), "-q", "-n", self.name, *arguments]
        ended = subprocess.run(command, env=self._env(), capture_output=True, text=True, check=False, timeout=60)
        if ended.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {ended.stderr or ended.stdout}")
        return ended.stdout
