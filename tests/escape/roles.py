"""The roles under which everything is tried: the shipped ones, and what those do not use: a direct workspace, and the other sets
of system calls."""

import dataclasses

TEXT = """pawl = 1
name = "{name}"

[sandbox]
syscalls = "{syscalls}"

[sandbox.files]
workspace = "{workspace}"
"""
SHIPPED = ("observer", "coder", "deployer")
# What the set "build" is for; it reaches the session's own processes and memory.
OF_BUILDS = {("kernel", "kcmp"), ("kernel", "mbind")}


@dataclasses.dataclass(frozen=True)
class Role:
    name: str
    workspace: str
    syscalls: str = "default"
    more: str = ""
    allowed: frozenset = frozenset()  # what works beyond the controls
    refused: frozenset = frozenset()  # controls that do not

    def text(self):
        return TEXT.format(name=self.name, syscalls=self.syscalls, workspace=self.workspace) + self.more


ROLES = (Role("observer", "read-only"), Role("coder", "overlay"), Role("deployer", "overlay"),
         Role("straight", "direct", more='workspace_reason = "a test"\n'),
         Role("reader", "read-only", "minimal", refused=frozenset({("controls", "talk-over-a-socket")})),
         Role("builder", "overlay", "build", allowed=frozenset(OF_BUILDS)))
