"""deploy/compose.yaml stays the stack that `dispatchlab stack up` starts. It is read, not run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.kafka import CONFIG
from deploy.postgres import NAME, SETTINGS
from deploy.stack import ELSEWHERE, STARTERS
from tests.servers import GIVEN

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
URLS = dict(re.findall(r"export (\w+)=(\S+)", TEXT))


def test_it_offers_every_server() -> None:
    assert set(SERVICES) == set(STARTERS)


@pytest.mark.parametrize("name", SERVICES)
def test_data_stay_health_is_checked_and_nobody_else_can_connect(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    (volume,) = service["volumes"]
    assert volume.split(":")[0] in COMPOSE["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("names", [ELSEWHERE, GIVEN], ids=["program", "tests"])
def test_the_url_in_its_head_is_its_service(name: str, names: dict[str, str]) -> None:
    url = URLS[names[name]]
    address = urlsplit(url if "://" in url else f"//{url}")
    (published,) = SERVICES[name]["ports"]
    assert published.split(":")[:2] == [address.hostname, str(address.port)]


def test_no_other_variables_are_named() -> None:
    assert set(URLS) == {*ELSEWHERE.values(), *GIVEN.values()}


def test_postgres_is_ours() -> None:
    service, url = SERVICES["postgres"], urlsplit(URLS[ELSEWHERE["postgres"]])
    environment = service["environment"]
    assert (url.username, url.password) == (environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"])
    assert url.path == f"/{environment['POSTGRES_DB']}" == f"/{NAME}"
    set_there = dict(word.split("=") for word in service["command"] if "=" in word)
    assert set_there == {key: SETTINGS[key] for key in ("max_connections", "jit")}


def test_versions_are_those_that_the_code_needs() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    major = {name: int(image.split(":")[1].split("-")[0].split(".")[0]) for name, image in images.items()}
    page = (ROOT / "docs" / "stack.md").read_text(encoding="utf-8")
    for title, name in (("Valkey", "valkey"), ("PostgreSQL", "postgres"), ("Apache Kafka", "kafka")):
        needed = re.search(rf"^\| {title} (\d+)", page, re.MULTILINE)
        assert needed is not None
        assert major[name] >= int(needed[1])
    assert images["postgres"].startswith("postgis/postgis:15-3")  # what CI runs, too
    assert "postgresql-15-postgis-3" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_valkey_keeps_what_it_acknowledged() -> None:
    command = SERVICES["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "everysec"


def test_kafka_advertises_the_port_that_is_published() -> None:
    environment = SERVICES["kafka"]["environment"]
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"CLIENTS://{URLS['KAFKA_BOOTSTRAP']}"
    assert "CLIENTS://:9092" in environment["KAFKA_LISTENERS"].split(",")


def test_kafka_is_set_up_as_ours() -> None:
    environment = SERVICES["kafka"]["environment"]
    there = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value for key, value in environment.items()
    }
    ours = dict(line.split("=", 1) for line in CONFIG.splitlines())
    apart = {
        "listeners",
        "advertised.listeners",
        "controller.quorum.voters",
        "log.dirs",
    }  # addresses and folders
    assert {key: ours.get(key) for key in there.keys() - apart} == {
        key: there[key] for key in there.keys() - apart
    }
