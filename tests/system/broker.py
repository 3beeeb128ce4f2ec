"""A mock broker for a test, and kcat to write to it."""
import os
import pathlib
import subprocess
import tempfile

BIN = pathlib.Path(os.environ.get("TOCSIN_BIN", "build/dev/bin"))
TOPIC = "tocsin.counts"


class Broker:
    def __init__(self, partitions=3):
        self.partitions = partitions

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(BIN / "mock_kafka"), TOPIC, str(self.partitions)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the mock broker did not start"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)

    def put(self, frames, key, partition=0):
        """Each of the frames as one record."""
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for i, data in enumerate(frames):
                name = pathlib.Path(folder) / f"{i:06}"
                name.write_bytes(data)
                names.append(str(name))
            subprocess.run(["kcat", "-P", "-q", "-b", self.address, "-t",
                            TOPIC, "-p", str(partition), "-k", key,
                            "-X", "linger.ms=1"] + names,
                           check=True, timeout=60)
