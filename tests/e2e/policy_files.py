"""The policy files of the stories: one role `deployer` in front of tests/support/deployctl."""

import hashlib

from host import MODEL_KEY, TARGET, TOKEN

TOKEN_HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
COMMAND = f'"{TARGET}/deployctl", "--journal", "{TARGET}/journal/executions", "--token-sha256", "{TOKEN_HASH}"'


def action(name, words, approval, params="", timeout="1m"):
    return f"""
[[action]]
name = "{name}"
description = "The action {name} of the tests"
run = [{COMMAND}, {words}]
{params}
secrets = {{ DEPLOY_TOKEN = "deploy-prod" }}
approval = "{approval}"
timeout = "{timeout}"
read = ["{TARGET}"]
write = ["{TARGET}/journal"]
"""


DEPLOY_PARAMS = r"""params.service = { match = "[a-z][a-z0-9-]{0,30}" }
params.image = { match = "registry\\.example\\.com/.+@sha256:[0-9a-f]{64}" }
params.manifest = { file = true, max = "1 MiB" }"""


def deployer(approval, llm="", read=()):
    """roles/deployer.toml"""
    shown = ", ".join(f'"{path}"' for path in read)
    return f"""pawl = 1
name = "deployer"
description = "Ships the web service of the tests"
owner = "platform@example.com"

[sandbox.files]
workspace = "direct"
workspace_reason = "the stories read what the agent wrote"
read = [{shown}]
{llm}
""" + action("deploy", '"rollout", "{service}", "--image", "{image}", "--manifest", "{manifest}"', approval,
             DEPLOY_PARAMS) + action("leak", '"leak"', approval) + action("look", '"look"', approval) + action(
                 "reach", f'"reach", "{TARGET}/attempts"', approval)


OBSERVER = """pawl = 1
name = "observer"
description = "Reads, asks for nothing"
owner = "platform@example.com"

[sandbox.files]
workspace = "read-only"
"""


def llm_route(port):
    return f"""
[[llm]]
name = "anthropic"
upstream = "http://127.0.0.1:{port}"
secret = "model"
"""


def approvals(expires="15m", system=False, two_person=True):
    """approvals.toml; a rule that the people of people.toml can never meet is refused, so it can be left out"""
    solo = "" if system else f"""
[solo]
quorum = 1
from = ["@self"]
allow_launcher = true
expires = "{expires}"
"""
    pair = f"""
[two-person]
quorum = 2
from = ["@sre"]
expires = "{expires}"
""" if two_person else ""
    return pair + solo


def people(persons, groups=None):
    groups = groups or {}
    return "".join(f"""
[{person.name}]
uids = [{person.uid}]
keys = ["{person.public_key()}"]
groups = [{", ".join(f'"{group}"' for group in groups.get(person.name, ["sre"]))}]
""" for person in persons)


def secrets(floor, port=None):
    """secrets.toml; the model's key is bound to the one loopback upstream."""
    model = f"""
[model]
file = "model.key"
roles = ["deployer"]
uses = ["llm:http://127.0.0.1:{port}"]
require = "none"
""" if port else ""
    return f"""
[deploy-prod]
file = "deploy-token"
roles = ["deployer"]
uses = ["action:deploy", "action:leak", "action:look", "action:reach"]
require = "{floor}"
""" + model


def settings(launchers, system=False, port=None, notify=None):
    lines = ['audience = "test-host"']
    if port:
        lines.append(f'plain_http = ["127.0.0.1:{port}"]')
    if system:
        lines += ['action_user = "pawl-action"', 'first = "alice"']
    if notify:
        lines += ["[notify]", f'command = ["{notify}"]']
    lines.append("[launchers]")
    names = ", ".join(f'"{name}"' for name in launchers)
    lines += [f"deployer = [{names}]", f"observer = [{names}]"]
    return "\n".join(lines) + "\n"


SECRET_FILES = {"secrets/deploy-token": TOKEN + "\n", "secrets/model.key": MODEL_KEY + "\n"}
