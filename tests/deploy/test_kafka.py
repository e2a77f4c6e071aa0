"""A real Kafka, started here, and what is said where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy import kafka_programs
from deploy.kafka import start_kafka
from deploy.kafka_programs import choose_program
from domain.errors import UserError
from tests.servers import server

JAR = "kafka_2.13-4.1.0.jar"


def send(bootstrap: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "log_level": 0})
    producer.produce("acknowledged", value, partition=0)
    assert producer.flush(10) == 0


def receive(bootstrap: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "log_level": 0})
    consumer.assign([TopicPartition("acknowledged", 0, 0)])
    messages = consumer.consume(count, 10.0)
    consumer.close()
    return [message.value() for message in messages]


@pytest.mark.slow
def test_a_killed_one_comes_back_with_all_it_acknowledged_at_the_same_url(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server("kafka")  # or skip
    first = start_kafka(folder)
    assert start_kafka(folder) == first
    assert first.url.startswith("127.0.0.1:")
    send(first.url, b"before")
    first.kill()
    monkeypatch.setenv("PATH", f"{Path(shutil.which('java') or '').parent}")  # what was fetched is used again
    second = start_kafka(folder)
    send(second.url, b"after")
    assert second.url == first.url
    assert receive(second.url, 2) == [b"before", b"after"]
    second.stop()
    assert not second.is_running()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins, the only programs on PATH; Java 17 is one of them, and no Kafka is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("JAVA_HOME", "KAFKA_HOME", "DISPATCHLAB_KAFKA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(kafka_programs, "HOMES", ())
    stand_in(tmp_path, "java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    return tmp_path


def stand_in(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        choose_program(folder)
    (line,) = str(caught.value).splitlines()
    return line


def jars(folder: Path, name: str = JAR) -> Path:
    folder.mkdir(parents=True)
    (folder / name).touch()
    return folder


def test_without_java(programs: Path) -> None:
    (programs / "java").unlink()
    assert refusal(programs) == "no Java found: Apache Kafka needs Java 17 or later"


def test_with_an_old_java(programs: Path) -> None:
    stand_in(programs, "java", "echo 'java version \"1.8.0_392\"' >&2")
    assert refusal(programs) == f"{programs}/java is Java 8, Apache Kafka needs 17 or later"


def test_without_kafka_and_without_maven(programs: Path) -> None:
    assert refusal(programs) == (
        "no Apache Kafka found: set DISPATCHLAB_KAFKA_HOME, or install Maven to fetch it"
    )


def test_where_maven_fails_its_first_error_is_told_and_nothing_is_left(programs: Path) -> None:
    stand_in(
        programs, "mvn", "echo '[ERROR] Could not transfer artifact -> [Help 1]'; echo '[ERROR] '; exit 1"
    )
    assert refusal(programs) == "Maven cannot fetch Apache Kafka 4.1.0: Could not transfer artifact"
    assert not (programs / "libs").exists()
    stand_in(programs, "mvn", "exit 0")
    assert refusal(programs) == "Maven cannot fetch Apache Kafka 4.1.0: it brought no jars"


def test_what_maven_fetches_is_used_and_kept(programs: Path) -> None:
    script = f'for last; do :; done; to="${{last#*=}}"; /bin/mkdir -p "$to"; : > "$to/{JAR}"'
    stand_in(programs, "mvn", script)
    fetched = choose_program(programs)
    assert (fetched.jars, fetched.version, fetched.origin) == (
        programs / "libs",
        "4.1.0",
        "fetched with Maven",
    )
    (programs / "mvn").unlink()
    assert choose_program(programs) == fetched


def test_a_chosen_kafka_comes_first_then_an_installed_one(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, chosen = (
        jars(programs / "installed" / "libs"),
        jars(programs / "chosen", "kafka_2.13-4.0.1.jar"),
    )
    monkeypatch.setenv("KAFKA_HOME", str(installed.parent))
    assert choose_program(programs).jars == installed
    monkeypatch.setenv("DISPATCHLAB_KAFKA_HOME", str(chosen))
    assert (choose_program(programs).jars, choose_program(programs).version) == (chosen, "4.0.1")


def test_a_chosen_folder_without_kafka_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHLAB_KAFKA_HOME", str(programs))
    assert refusal(programs) == f"DISPATCHLAB_KAFKA_HOME: {programs} holds no jars of Apache Kafka 4 or later"


def test_an_installed_kafka_that_is_too_old_is_passed_over(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_HOME", str(jars(programs / "old" / "libs", "kafka_2.13-3.9.1.jar").parent))
    assert "no Apache Kafka found" in refusal(programs)
