"""Two sets with one file: what the second finds is what the first has just made of it."""

from pyinfra import host

from deploys.engine import reading
from deploys.operations import system
from deploys.operations.file_set import File

FILE = File("/run/tracseq-test/shared", host.data.lab_content)

reading.everything(name="Everything is read")
system.configured(name="First", key="test-first", files=[FILE])
system.configured(name="Second", key="test-second", files=[FILE])
system.configured(name="Third", key="test-third", files=[], absent=[FILE.path])
system.configured(name="Fourth", key="test-fourth", files=[], absent=[FILE.path])
