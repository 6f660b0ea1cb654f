"""Where the attempts of tests/escape are made: a host with plants, somebody who starts sessions, the roles that `pawl init` writes."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from brokers import Story  # noqa: E402
from host import BUILD  # noqa: E402
from plants import SECRET, Plants  # noqa: E402
from roles import ROLES, SHIPPED  # noqa: E402

PROBE = BUILD / "tests/escape/escape-probe"


class Root:
    """root, as one who starts a session in somebody's workspace."""

    def __init__(self, home, workspace):
        self.home, self.workspace, self.login, self.uid, self.gid = home, workspace, "root", 0, 0
        (home / ".netrc").write_text(SECRET, encoding="ascii")

    def identity(self):
        return {}

    def environment(self, **more):
        return {"HOME": str(self.home), "USER": "root", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb", **more}


class Ground(Story):
    maxDiff = None

    def setUp(self):
        super().setUp()
        root_home = pathlib.Path("/root")
        self.host.scratch(root_home, "mode=0700")
        self.root = Root(root_home, self.alice.workspace)
        self.plants = Plants(self.host, self.alice, PROBE)
        self.addCleanup(self.plants.end)
        self.file = self.plants.write()

    def prepare(self, starter):
        """The shipped roles, as `pawl init` writes them, the secret of their model route, and the other roles."""
        code, out, err = self.plants.start(starter, [self.host.program("pawl"), "init", "--name", "alice"])
        self.assertEqual(0, code, out + err)
        for role in ROLES:
            path = starter.home / f".config/pawl/roles/{role.name}.toml"
            if role.name not in SHIPPED:
                path.write_text(role.text(), encoding="utf-8")
                os.chown(path, starter.uid, starter.gid)
