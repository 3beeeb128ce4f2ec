"""A single Apache Kafka broker (KRaft) from Maven's jars.

The jars are fetched once into the build folder.  Unavailable says why there
can be no broker: no java, no mvn, no registry.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from broker import TOPIC, Broker  # noqa: E402
from daemon import BIN  # noqa: E402

FETCH_S = 120
START_S = 60
LOG4J = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c: %m%n
"""
# The session is short so that a killed broker may soon come back; each
# message is flushed, so that an acknowledged one is there then.
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.flush.interval.messages=1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class Unavailable(Exception):
    pass


def jars():
    """The folder with Kafka's jars, fetched where they are missing."""
    for program in "java", "mvn", "kcat":
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    folder = BIN.resolve().parent / "kafka-lib"
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        shutil.copy(HERE / "pom.xml", work)
        try:
            done = subprocess.run(
                ["mvn", "-q", "-B", "dependency:copy-dependencies",
                 "-DincludeScope=runtime", "-DoutputDirectory=lib"],
                cwd=work, capture_output=True, text=True, timeout=FETCH_S,
                check=False)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"the jars did not come in {FETCH_S} s") from None
        if done.returncode != 0:
            raise Unavailable("mvn cannot fetch the jars: " +
                              (done.stdout + done.stderr).strip()[:300])
        os.rename(pathlib.Path(work) / "lib", folder)
    return folder


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class RealBroker(Broker):
    """Broker.put() writes to it, as to the mock one."""

    def __init__(self, folder, partitions=3):
        super().__init__(partitions)
        self.folder, self.process = pathlib.Path(folder), None
        self.lib = jars()
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder.mkdir()
        (self.folder / "log4j.properties").write_text(LOG4J)
        self.conf = self.folder / "server.properties"
        self.conf.write_text(PROPERTIES.format(
            port=self.port, controller=free_port(), folder=self.folder))

    def java(self, *args):
        return ["java", "-Xmx512m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                f"-Dlog4j.configuration=file:{self.folder}/log4j.properties",
                "-cp", f"{self.lib}/*", *args]

    def __enter__(self):
        tool = "kafka.tools.StorageTool"
        name = subprocess.run(self.java(tool, "random-uuid"), check=True,
                              capture_output=True, text=True).stdout.strip()
        subprocess.run(self.java(tool, "format", "-t", name, "-c",
                                 str(self.conf)), check=True,
                       capture_output=True)
        self.start()
        subprocess.run([str(BIN / "make_topic"), self.address, TOPIC,
                        str(self.partitions)], check=True, timeout=60)
        return self

    def start(self):
        """Seconds until it answered."""
        began = time.monotonic()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.java("kafka.Kafka", str(self.conf)), stdout=log,
                stderr=log)
        while time.monotonic() - began < START_S:
            if self.process.poll() is not None:
                # After a kill the old session has to lapse first.
                with open(self.folder / "log", "ab") as log:
                    self.process = subprocess.Popen(
                        self.java("kafka.Kafka", str(self.conf)), stdout=log,
                        stderr=log)
            if self.answers():
                return time.monotonic() - began
            time.sleep(0.2)
        raise TimeoutError((self.folder / "log").read_text()[-3000:])

    def answers(self):
        return subprocess.run(["timeout", "2", "kcat", "-b", self.address,
                               "-L"], capture_output=True,
                              check=False).returncode == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
