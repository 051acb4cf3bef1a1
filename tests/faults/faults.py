"""What goes wrong: each function does it to a trial that is running, and leaves everything whole."""

from __future__ import annotations

import functools
import signal
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx
import psycopg

from tests.faults.failpoints import Failpoint
from tests.faults.trial import Trial
from tests.servers.rabbit import RabbitNode

LASTING = 6.0
"""Seconds that a fault lasts."""


def nothing(trial: Trial) -> None:
    """No fault: what the numbers are compared with."""


# ---- our own processes -----------------------------------------------------------------------------------------------


def kill_all(most: int, soonest: float, latest: float) -> Callable[[Trial], None]:
    """kill -9 any process, ours and the outside's, in an order and at moments that the seed says, while there is work."""

    def fault(trial: Trial) -> None:
        names = sorted(trial.world.programs)
        while trial.kills < most:
            pause = trial.chance.uniform(soonest, latest)
            if trial.until(lambda: not trial.busy, pause):
                return
            trial.world.kill(trial.chance.choice(names))
            trial.kills += 1

    return fault


def die_at(points: Sequence[Failpoint]) -> Callable[[Trial], None]:
    """Every process dies at one failpoint after another: at the next one while it recovers from the one before."""

    def fault(trial: Trial) -> None:
        world, dead = trial.world, sum(trial.world.deaths.values())
        # What is passed once comes first: later there may be none of it left. What others leave undone when they die comes last.
        order = sorted(trial.chance.sample(points, len(points)), key=lambda each: (each.left_over, each.latest))
        agenda: dict[str, deque[str]] = {}
        for point in order:
            for name in point.processes(world.plan.lane):
                # Whoever recovers takes all that has piled up at once, and may not come by a second time.
                last = 1 if name in agenda else min(point.latest, 3)
                agenda.setdefault(name, deque()).append(f"{point.name}:{trial.chance.randint(1, last)}")
        firsts = {name: names.popleft() for name, names in agenda.items()}
        world.agenda = agenda
        world.arm(firsts)
        trial.until_still(
            lambda: not trial.busy or not (any(world.agenda.values()) or world.armed()), world.deaths.total, 60.0
        )
        world.agenda = {}
        # Who still waits for his failpoint waits in vain: the rest of the work is done in peace.
        trial.until(lambda: not trial.busy, LASTING)
        world.disarm()
        trial.note = f"{sum(world.deaths.values()) - dead} of {sum(len(each.processes(world.plan.lane)) for each in points)} deaths"

    return fault


def sleep_past_leases(name: str) -> Callable[[Trial], None]:
    """SIGSTOP in the midst of the work, until every lease has run out and others have taken over; then it goes on, and does not know."""

    def fault(trial: Trial) -> None:
        for share in (0.2, 0.5, 0.8):
            trial.until_accepted(share)
            trial.world.programs[name].tell(signal.SIGSTOP)
            trial.world.advance(timedelta(minutes=5))
            if trial.world.nodes:
                # As the broker does by itself when a peer has missed its heartbeats.
                trial.world.nodes[0].ctl("close_all_connections", "no heartbeat")
            trial.rest(LASTING / 2)
            trial.world.programs[name].tell(signal.SIGCONT)
            trial.kills += 1
            trial.rest(0.5)

    return fault


# ---- the broker ------------------------------------------------------------------------------------------------------


def kill_broker(trial: Trial) -> None:
    """kill -9 the only node, again and again."""
    for share in (0.1, 0.4, 0.7):
        trial.until_accepted(share)
        trial.world.kill("rabbitmq")
        trial.kills += 1
        trial.until(trial.world.nodes[0].answers, 60.0)


def restart_broker(trial: Trial) -> None:
    """The node is stopped in order, is away for some seconds, and comes back."""
    node = trial.world.nodes[0]
    trial.until_accepted(0.3)
    node.stop()
    trial.rest(2.0)
    node.boot()


def exhaust_memory(trial: Trial) -> None:
    """The memory alarm: the broker reads nothing more from those who publish, for longer than they wait for a confirm."""
    _alarm(trial, ("set_vm_memory_high_watermark", "0"), ("set_vm_memory_high_watermark", "absolute", "512MB"))


def exhaust_disk(trial: Trial) -> None:
    """The disk alarm: the same for want of disk."""
    _alarm(trial, ("set_disk_free_limit", "1000000GB"), ("set_disk_free_limit", "50MB"))


def _alarm(trial: Trial, raise_: tuple[str, ...], lift: tuple[str, ...]) -> None:
    node = trial.world.nodes[0]
    trial.until_accepted(0.2)
    node.ctl(*raise_)
    trial.rest(2 * LASTING)
    blocked = node.ctl("eval", "length(rabbit_alarm:get_alarms()).").strip()
    node.ctl(*lift)
    if blocked == "0":
        trial.load.wrong.append("the broker raised no alarm")
    trial.note = f"alarms: {blocked}"


def hold_deliveries_too_long(trial: Trial) -> None:
    """consumer_timeout: the outside is so slow that the broker takes the jobs away from the worker and hands them out again."""
    node, outside = trial.world.nodes[0], trial.world.standins_url
    trial.world.programs["worker"].tell(signal.SIGSTOP)  # else it might have done all the jobs before anything is slow
    _set(node, consumer_timeout=2000, channel_tick_interval=500)
    # Channels ask for their tick when they are opened.
    trial.world.kill("worker")
    httpx.post(f"{outside}/control/faults", json={"system": "notices", "kind": "slow", "times": 12, "seconds": 5.0})
    trial.until_accepted(0.9)
    trial.rest(2 * LASTING)
    httpx.delete(f"{outside}/control/faults")
    _set(node, consumer_timeout=1_800_000, channel_tick_interval=60_000)
    log = trial.world.programs["worker"].log.read_text("utf-8", "replace")
    trial.kills = log.count("PRECONDITION_FAILED - delivery acknowledgement")
    trial.world.kill("worker")
    if not trial.kills:
        trial.load.wrong.append("no delivery was taken away")


def _set(node: RabbitNode, **values: int) -> None:
    node.ctl("eval", ", ".join(f"application:set_env(rabbit, {name}, {value})" for name, value in values.items()) + ".")


def kill_leader(trial: Trial) -> None:
    """Three nodes: the one that leads the inbox's queue is killed, and comes back."""
    for share in (0.2, 0.6):
        trial.until_accepted(share)
        leader = _leader(trial)
        leader.kill()
        trial.kills += 1
        trial.rest(LASTING)
        leader.boot()
        trial.until(lambda: all(_running(node) == len(trial.world.nodes) for node in trial.world.nodes), 60.0)


def _leader(trial: Trial) -> RabbitNode:
    living = next(node for node in trial.world.nodes if node.answers())
    led = dict(line.split("\t") for line in living.ctl("list_queues", "name", "leader").splitlines() if "\t" in line)
    name = led.get("inbox", living.name).strip("'")
    return next((node for node in trial.world.nodes if node.name == name), living)


def _running(node: RabbitNode) -> int:
    """How many nodes a node sees running."""
    try:
        return int(node.ctl("eval", "length(rabbit_nodes:all_running()).").strip())
    except (RuntimeError, ValueError):
        return 0


def cut_minority_off(trial: Trial) -> None:
    """Three nodes: the one that everybody is connected to is alone on its side of a partition. It confirms nothing, and pauses."""
    minority, *majority = trial.world.nodes
    trial.until_accepted(0.3)
    for peer in majority:
        minority.leave_unheard(peer)
        peer.leave_unheard(minority)
    alone = _running(minority)
    trial.until(lambda: not minority.answers(), LASTING)
    trial.rest(LASTING)
    trial.note = f"the minority saw {alone} node(s)"
    for peer in majority:
        peer.hear_again(minority)
        minority.hear_again(peer)
    trial.until(lambda: all(_running(node) == len(trial.world.nodes) for node in trial.world.nodes), 60.0)
    if alone != 1:
        trial.load.wrong.append(f"the partition did not come about: the minority saw {alone} nodes")


def freeze_node(trial: Trial) -> None:
    """Three nodes: the leader of the inbox's queue falls silent (SIGSTOP), with every connection open."""
    trial.until_accepted(0.3)
    leader = _leader(trial)
    leader.pause()
    trial.kills += 1
    trial.rest(2 * LASTING)
    leader.resume()


# ---- the database ----------------------------------------------------------------------------------------------------


def kill_database(trial: Trial) -> None:
    """kill -9 PostgreSQL with all its backends at any moment, again and again."""
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        trial.until_accepted(share)
        trial.rest(trial.chance.uniform(0, 0.5))
        _kill_database(trial)


def kill_database_in_commit(trial: Trial) -> None:
    """Commits that are durable and not confirmed (they wait for a replica that there is none of), then kill -9: nobody knows whether they
    happened, and they have."""
    for share in (0.1, 0.4, 0.7):
        trial.until_accepted(share)
        with psycopg.connect(trial.world.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            connection.execute("SELECT pg_reload_conf()")
            trial.until(functools.partial(_commits_wait, connection, 2), LASTING)
            caught = _waiting_commits(connection)
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        _kill_database(trial)
        trial.note = f"{trial.note or 'commits caught:'} {caught}"


def _commits_wait(connection: psycopg.Connection[tuple[int]], least: int) -> bool:
    return _waiting_commits(connection) >= least


def _waiting_commits(connection: psycopg.Connection[tuple[int]]) -> int:
    """How many commits are durable and wait for the replica."""
    row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchone()
    return row[0] if row else 0


def _kill_database(trial: Trial) -> None:
    trial.world.kill("postgresql")
    trial.kills += 1
    trial.until(trial.world.postgres.answers, 60.0)


def end_backends(trial: Trial) -> None:
    """pg_terminate_backend for every connection, again and again."""
    statement = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    for _ in range(12):
        trial.until(lambda: not trial.busy, trial.chance.uniform(0.2, 0.8))
        with psycopg.connect(trial.world.postgres.url("postgres"), autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
            trial.kills += row[0] if row else 0


def fill_disk(trial: Trial) -> None:
    """The database's disk is full for some seconds; then there is room again, and whoever keeps the database starts it if it has ended."""
    trial.until_accepted(0.3)
    before = trial.world.full_disks()
    give_back = trial.world.fill_disk()
    trial.rest(LASTING)
    # PostgreSQL has some room in its files and its log: it is full when it needs more.
    trial.until(lambda: trial.world.full_disks() > before or not trial.busy, 5 * LASTING)
    give_back()
    refused = trial.world.full_disks() - before
    trial.note = f"{refused} times no room"
    if not refused:
        trial.load.wrong.append("nobody met a full disk")
    if trial.world.nodes and not trial.until(trial.world.postgres.answers, LASTING):
        _kill_database(trial)


# ---- connections -----------------------------------------------------------------------------------------------------


def disturb(which: str) -> Callable[[Trial], None]:
    """The connections to the ``broker`` or the ``database``: slow, reset, silent for a while, silent and then reset, half deaf, refused."""

    def fault(trial: Trial) -> None:
        proxy = trial.world.broker_proxy if which == "broker" else trial.world.database_proxy
        assert proxy is not None
        trial.until_accepted(0.1)
        proxy.latency = 0.2
        trial.rest(LASTING)
        proxy.heal()
        trial.until_accepted(0.3, LASTING)
        proxy.reset()
        trial.until_accepted(0.4, LASTING)
        for lost in (False, True):
            proxy.hole.set()
            trial.rest(LASTING)
            if lost:
                proxy.reset()
            proxy.heal()
            trial.until_accepted(0.6, LASTING)
        proxy.deaf.set()
        trial.rest(LASTING)
        proxy.heal()
        trial.until_accepted(0.8, LASTING)
        proxy.refuse = True
        proxy.reset()
        trial.rest(LASTING / 2)
        proxy.heal()
        trial.kills = 3  # times that every connection was reset

    return fault


# ---- time ------------------------------------------------------------------------------------------------------------


def jump_clock(trial: Trial) -> None:
    """Three days forward with timers pending, an hour back, and the hour again."""
    trial.until_accepted(0.3)
    trial.world.advance(timedelta(days=3))
    trial.rest(1.0)
    trial.world.advance(timedelta(hours=-1))
    trial.until_accepted(0.8, LASTING)
    trial.rest(1.0)
    trial.world.advance(timedelta(hours=1))
