"""Kafka from Maven Central, one node that is broker and controller at once (KRaft). Needs Java."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support import unprivileged
from tests.support.daemon import ENVIRONMENT, Daemon
from tests.support.needs import need_program
from tests.support.ports import free_port
from tests.support.sources import cache_folder, only_one

VERSION = "3.9.1"
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>
"""
CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
num.partitions=2
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=true
"""


class Kafka(Daemon):
    """One broker."""

    kind = "kafka"
    start_limit = 90.0

    def prepare(self) -> None:
        self._java = [need_program("java", "default-jre-headless"), "-Xmx256m", "-cp", f"{self.folder}/jars/*"]
        shutil.copytree(libraries(), self.folder / "jars")  # the cache may be closed to the server's user
        self._config = self.folder / "server.properties"
        text = CONFIG.format(host=self.host, port=self.port, controller=free_port(), folder=self.folder)
        self._config.write_text(text)
        format_ = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(self._config)]
        unprivileged.run([*self._java, *format_], cwd=self.folder, env=dict(ENVIRONMENT))

    def command(self) -> Sequence[str | Path]:
        return [*self._java, "kafka.Kafka", self._config]


def libraries() -> Path:
    """Fetch its jars; kept, and safe to be called by several workers at once."""
    target = cache_folder() / "kafka" / VERSION
    with only_one(cache_folder() / f"kafka-{VERSION}.lock"):
        if not target.exists():
            work = target.with_name(f"{VERSION}.part")
            work.mkdir(parents=True, exist_ok=True)
            (work / "pom.xml").write_text(POM)
            goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
            subprocess.run(
                [need_program("mvn", "maven"), "-q", "-B", goal, f"-DoutputDirectory={work}"],
                cwd=work, check=True, timeout=600, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            work.rename(target)
    return target
