"""Where Java is, and the jars of Apache Kafka: installed, or fetched with Maven."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.server import cause
from domain.errors import UserError

VERSION = "4.1.0"
NEEDED_JAVA = 17
NEEDED_KAFKA = 4  # consumer groups of the new protocol (KIP-848)
HOMES = (Path("/opt/kafka"), Path("/usr/local/kafka"), Path("/usr/share/kafka"))
FETCH_TIMEOUT_S = 300.0
REASON_LENGTH = 300
# Kafka logs through SLF4J and leaves it to others where to: slf4j-simple writes to the server's log file.
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dispatchlab</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


@dataclass(frozen=True)
class Program:
    """Java's program, the folder of Kafka's jars, its version, and where the jars are from."""

    java: Path
    jars: Path
    version: str
    origin: str


def choose_program(folder: Path) -> Program:
    """Return the Kafka to run: an installed one, or the one in `folder`, fetched if need be.

    Raises:
        UserError: Java, or Kafka and the means to fetch it, are missing; the line says which.
    """
    java = _java()
    for jars, origin in _places(folder):
        if version := _version(jars):
            return Program(java, jars, version, origin)
    return Program(java, _fetch(folder), VERSION, "fetched with Maven")


def _java() -> Path:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=Path(home) / "bin" if home else None) or shutil.which("java")
    if found is None:
        raise UserError(f"no Java found: Apache Kafka needs Java {NEEDED_JAVA} or later")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if match is None or int(match[1]) < NEEDED_JAVA:
        raise UserError(
            f"{found} is Java {match[1] if match else 'of unknown version'}, "
            f"Apache Kafka needs {NEEDED_JAVA} or later"
        )
    return Path(found)


def _places(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield where jars may lie, best first."""
    chosen = os.environ.get("DISPATCHLAB_KAFKA_HOME")
    if chosen:
        libs = Path(chosen) / "libs" if (Path(chosen) / "libs").is_dir() else Path(chosen)
        if not _version(libs):
            raise UserError(
                f"DISPATCHLAB_KAFKA_HOME: {chosen} holds no jars of Apache Kafka {NEEDED_KAFKA} or later"
            )
        yield libs, chosen
    yield folder / "libs", "fetched with Maven"
    home = os.environ.get("KAFKA_HOME")
    for installed in (*([Path(home)] if home else []), *HOMES):
        yield installed / "libs", str(installed)


def _version(jars: Path) -> str:
    """Return the version of the Kafka in a folder of jars; "" for none, or one that is too old."""
    for jar in jars.glob("kafka_*"):
        found = re.fullmatch(r"kafka_[\d.]+-((\d+)\.\d+\.\d+)\.jar", jar.name)
        if found is not None and int(found[2]) >= NEEDED_KAFKA:
            return found[1]
    return ""


def _fetch(folder: Path) -> Path:
    """Fetch Kafka's jars into `folder` and return where they lie; all of them or none."""
    maven = shutil.which("mvn")
    if maven is None:
        raise UserError("no Apache Kafka found: set DISPATCHLAB_KAFKA_HOME, or install Maven to fetch it")
    scratch, jars = folder / "libs.part", folder / "libs"
    shutil.rmtree(scratch, ignore_errors=True)
    (folder / "pom.xml").write_text(POM, encoding="utf-8")
    command = [maven, "--batch-mode", "--quiet", "-Dstyle.color=never", "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={scratch}"]
    try:
        said = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_S
        )
        failure = _reason(said.stdout + said.stderr) if said.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"not done within {FETCH_TIMEOUT_S:.0f} s"
    if failure or not _version(scratch):
        shutil.rmtree(scratch, ignore_errors=True)
        raise UserError(f"Maven cannot fetch Apache Kafka {VERSION}: {failure or 'it brought no jars'}")
    scratch.replace(jars)
    return jars


def _reason(said: str) -> str:
    """Return the first error that Maven tells; those after it are advice."""
    errors = (line.partition("[ERROR]")[2].removesuffix("-> [Help 1]").strip() for line in said.splitlines())
    return next(filter(None, errors), cause(said))[-REASON_LENGTH:]
