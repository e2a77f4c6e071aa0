"""Apache Kafka: one node, broker and controller in one process (KRaft), for this machine only."""

from __future__ import annotations

import base64
import shutil
import socket
import struct
import subprocess
import uuid
from pathlib import Path

from deploy.kafka_programs import Program, choose_program
from deploy.server import Server, cause, choose_port, find, launch, prepared
from domain.errors import UserError

# One node has one copy of everything. Groups begin at once, and miss a crashed member within seconds; the
# node itself may come back after a crash once its broker session is over. Small buffers fit the small heap.
CONFIG = """\
process.roles=broker,controller
node.id=1
listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=true
num.partitions=4
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
group.consumer.min.session.timeout.ms=6000
group.consumer.session.timeout.ms=6000
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=1048576
controlled.shutdown.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""
JAVA_OPTIONS = (
    "-Xmx512m",
    "-Xms128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # starts sooner, and keeps off the cores that the simulator works on
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)
START_TIMEOUT_S = 60.0
FORMAT_TIMEOUT_S = 60.0


def start_kafka(folder: Path, *, port: int | None = None) -> Server:
    """Start Kafka with its data in `folder` (made if need be), or return the one that runs there.

    Its URL is the broker, `127.0.0.1:PORT`. The first time, Kafka is fetched where none is installed.

    Raises:
        UserError: there is no Kafka, the port is taken, the folder cannot be written, or it did not start.
    """
    folder = folder.resolve()
    running = find(folder)
    if running is not None:
        return running
    with prepared(folder):
        program = choose_program(folder)
        number, note = choose_port(folder, port)
        controller = _controller_port(folder / "quorum", number)
        config, data = folder / "server.properties", folder / "data"
        config.write_text(CONFIG.format(port=number, controller=controller, data=data), encoding="utf-8")
        if not (data / "meta.properties").exists():
            _format(program, config, data)
        return launch(
            [*_java(program), "kafka.Kafka", config],
            name="kafka",
            folder=folder,
            url=f"127.0.0.1:{number}",
            version=program.version,
            note="; ".join(filter(None, [program.origin, note])),
            ready=lambda: _has_broker(number),
            timeout_s=START_TIMEOUT_S,
        )


def _controller_port(folder: Path, broker_port: int) -> int:
    """Return a port for the node's talk with itself, remembered in `folder`."""
    folder.mkdir(exist_ok=True)
    while (port := choose_port(folder)[0]) == broker_port:
        (folder / "port").unlink()
    return port


def _java(program: Program) -> list[str | Path]:
    return [program.java, *JAVA_OPTIONS, "-cp", f"{program.jars}/*"]


def _format(program: Program, config: Path, data: Path) -> None:
    """Make the data folder; half of one is deleted."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*_java(program), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", config]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S)
        failure = cause(said.stderr + said.stdout) if said.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"not done within {FORMAT_TIMEOUT_S:.0f} s"
    if failure:
        shutil.rmtree(data, ignore_errors=True)
        raise UserError(f"kafka cannot format {data}: {failure}")


def _has_broker(port: int) -> bool:
    """Tell whether the node answers, and counts itself among the brokers that take messages.

    Asked in Kafka's own protocol (Metadata, version 1, of no topic): deploying needs no Kafka client.
    """
    client = b"dispatchlab"
    body = struct.pack(">hhih", 3, 1, 0, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:  # not yet
        return False
    if len(answer) < 12:
        return False
    _, _, brokers = struct.unpack(">iii", answer)
    return bool(brokers > 0)
