"""A role whose action is previewed, and can be taken back: what the stories of previews and rollbacks have in common."""

import os

import policy_files
from host import TARGET

LOOK_TOKEN = "tok-look-0f1e2d3c4b5a6978"
PLANNER = f"{TARGET}/planctl"


def ship(approval, more="", preview_timeout="20s", planner=f"{TARGET}/deployctl"):
    """The action `ship`, previewed, and `unship`, which takes it back."""
    arguments = policy_files.COMMAND.split(", ", 1)[1]
    preview = f'preview = ["{planner}", {arguments}, "plan", "{{service}}", "--manifest", "{{manifest}}"]\n'
    params = r'''params.service = { match = "[a-z][a-z0-9-]{0,30}" }
params.manifest = { file = true, max = "1 MiB" }'''
    common = params + f'\npreview_timeout = "{preview_timeout}"\nrollback = "unship"\n{more}\n' + preview
    return policy_files.action(
        "ship", '"rollout", "{service}", "--image", "{service}", "--manifest", "{manifest}"', approval, common) + policy_files.action(
            "unship", '"back", "{service}", "--manifest", "{manifest}"', approval, params) + policy_files.action(
                "reach-unasked", '"look"', approval,
                f'preview = ["{TARGET}/deployctl", {arguments}, "plan-reach", "{TARGET}/attempts"]')


def secrets(floor):
    text = policy_files.secrets(floor).replace('"action:reach"', '"action:reach", "action:ship", "action:unship", "action:reach-unasked"')
    return text + """
[look]
file = "look-token"
roles = ["deployer"]
uses = ["preview:ship"]
require = "none"
"""


def install(broker, approval, more="", owner=None, **options):
    """Writes role and secrets into a broker's home; a running broker reads them with the next ask."""
    look = broker.write(LOOK_TOKEN + "\n", "secrets/look-token", 0o600)
    if owner is not None:
        os.chown(look, owner.pw_uid, owner.pw_gid)
    broker.write(secrets(approval), "secrets.toml")
    broker.write(policy_files.deployer(approval) + ship(approval, more, **options), "roles/deployer.toml")


def processes_with(word):
    """Pids on the host with `word` among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass  # gone meanwhile
    return found
