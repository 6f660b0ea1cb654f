#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

// Of the verbs that give an order.
#define PAWL_ORDER_CODES \
  "Exit codes: 0 done, 1 failed, 2 usage, 3 refused (says why), 5 invalid policy, 6 broker unreachable"

constexpr Verb kVerbs[] = {
    {"", "requests", "what waits for a decision",
     "Example:\n  pawl requests --json | jq -r '.[].id'\n\n"
     "Exit codes: 0 listed, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_requests},
    {"", "show", "one request, whole: what would be done, by whose wish, who decided",
     "Example:\n  pawl show 3f2a9c01\n\n"
     "Exit codes: 0 shown, 1 no such request, 2 usage, 3 people.toml does not know you, 5 invalid policy,\n"
     "6 broker unreachable",
     declare_show},
    {"", "approve", "sign that this exact action may be done, once",
     "Shows the whole action, asks, signs with your ssh key and sends the signature. The program renders\n"
     "and hashes the action itself: it signs nothing that the broker only describes.\n"
     "Run it on a terminal that no agent writes to: an agent could draw this question there.\n\n"
     "Example:\n  pawl approve 3f2a9c01\n  pawl approve 3f2a9c01 --key ~/.ssh/id_ed25519.pub     (the key is "
     "in ssh-agent)\n\n"
     "Exit codes: 0 signed and accepted, 1 not approved (you said no, or no key), 2 usage,\n"
     "3 refused or denied already, 4 expired, 5 invalid policy, 6 broker unreachable",
     declare_approve},
    {"", "deny", "sign that this action must not be done; the agent is told why",
     "One denial ends the request. The reason goes back to the agent, so that it can try another way.\n\n"
     "Example:\n  pawl deny 3f2a9c01 -m 'use a rolling update'\n\n"
     "Exit codes: 0 signed and accepted, 1 no key, 2 usage, 3 refused or denied already, 4 expired,\n"
     "5 invalid policy, 6 broker unreachable",
     declare_deny},
    {"", "review", "watch the queue: new requests ring the terminal's bell",
     "Shows the pending requests and shows them again whenever something changes; ends with Ctrl-C.\n"
     "Decide in another terminal with pawl approve and pawl deny.\n\n"
     "Example:\n  pawl review --plain\n\n"
     "Exit codes: 2 usage, 3 people.toml does not know you, 5 invalid policy,\n"
     "6 broker unreachable at the start",
     declare_review},
    {"", "rollback", "ask for the action that takes a finished one back, with the same values",
     "The role names it (rollback = \"ACTION\"). It is a request like any other: others decide on it as on "
     "what an\n"
     "agent asks, you are who asked.\n\n"
     "Example:\n  pawl rollback 3f2a9c01 --why 'the error rate rises'\n\n"
     "Exit codes: 0 asked (or asked before, and it still waits), 1 no such request, 2 usage, 3 refused: it "
     "has not\n"
     "run, nothing takes it back, or people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_rollback},
    {"", "propose", "ask that a pipeline may start one command for one commit, once",
     "Opens and pins the input files, asks the broker for the gate of a role, and waits until enough people\n"
     "have signed (pawl approve). Then the receipt is burned at the broker, and with its file `pawl gate`\n"
     "starts exactly that command on the pipeline's machine. The broker runs nothing. Without --subject: "
     "HEAD\n"
     "of the git work tree here, if no file differs from it; git's configuration and hooks there play no "
     "part.\n\n"
     "Example:\n  pawl propose --role pipeline --action deploy --input deploy.sh -o receipt.json -- "
     "./deploy.sh "
     "production\n"
     "  pawl gate --receipt receipt.json --signers signers --subject git:$(git rev-parse HEAD) \\\n"
     "    --input deploy.sh -- ./deploy.sh production\n\n"
     "Exit codes: 0 released, 1 failed, 2 usage, 3 refused or denied, 4 expired, 5 invalid policy,\n"
     "6 broker unreachable, 75 still pending: it goes on, and the same command asks for the same",
     declare_propose},
    {"", "sessions", "the agents that run under pawl",
     "STATE is running, detached (yours, and nobody looks at it: pawl attach) or exit N. In --json "
     "`detached`\n"
     "is true or false for your own running sessions, else null.\n\n"
     "Example:\n  pawl sessions --all --json\n\n"
     "Exit codes: 0 listed, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_sessions},
    {"", "kill", "end a session and everything in it; its pending requests become void",
     "Nothing survives: what forked, what ignores every signal, and what was detached die alike.\n"
     "Your own, and anybody's when people.toml knows you.\n\n"
     "Example:\n  pawl kill 9d41b6e2\n\n"
     "Exit codes: 0 told to die, 1 no such session, or its launcher is away and it dies when that returns,\n"
     "2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_kill},
    {"revoke", "session", "end a session and all that it asked for, by signed order",
     "A signed order, on record: the session dies, what it asked for is void or stopped, and it stays so\n"
     "whatever its launcher does. Who may: killers in pawl.toml. (pawl kill needs no key.)\n\n"
     "Example:\n  pawl revoke session 9d41b6e2 -m 'reads what it should not'\n\n" PAWL_ORDER_CODES,
     declare_revoke_session},
    {"revoke", "request", "take one request back; if it runs, it is stopped",
     "Example:\n  pawl revoke request 3f2a9c01\n\n" PAWL_ORDER_CODES, declare_revoke_request},
    {"revoke", "role", "take a role back: its sessions end, none opens, nothing of it acts",
     "Until another person gives it back: pawl restore role.\n\n"
     "Example:\n  pawl revoke role deployer -m 'runs wild'\n\n" PAWL_ORDER_CODES,
     declare_revoke_role},
    {"revoke", "person",
     "take all authority from a person: their sessions end, their signatures count no more",
     "What waits and rests on their signature is void. Until another person gives it back: pawl restore\n"
     "person.\n\nExample:\n  pawl revoke person bob -m 'laptop stolen'\n\n" PAWL_ORDER_CODES,
     declare_revoke_person},
    {"revoke", "key", "revoke a key for good; what waits and rests on it is void",
     "Its owner may, and who may stop everything. It can never be enrolled again.\n\n"
     "Example:\n  pawl revoke key SHA256:9hYkfVkzO0bVx9s3rRHX8cW4b0y7xUo4o6m7q4kq0mA\n\n" PAWL_ORDER_CODES,
     declare_revoke_key},
    {"restore", "role", "give a revoked role back; under the system broker not by who took it",
     "Example:\n  pawl restore role deployer\n\n" PAWL_ORDER_CODES, declare_restore_role},
    {"restore", "person",
     "give a revoked person their authority back; under the system broker not by who took it",
     "Example:\n  pawl restore person bob\n\n" PAWL_ORDER_CODES, declare_restore_person},
    {"", "freeze", "stop what acts, all of it or of one role, until it is thawed",
     "Nothing is asked for, nothing is carried out, and actions that run are stopped. Sessions go on; "
     "agents\n"
     "are told why. It is on record, and outlives the broker.\n\n"
     "Example:\n  pawl freeze -m 'incident 42'\n  pawl freeze --role deployer -m 'bad "
     "image'\n\n" PAWL_ORDER_CODES,
     declare_freeze},
    {"", "thaw", "end a freeze; under the system broker not by who froze",
     "What was approved before and has not expired is carried out then: look first (pawl requests).\n\n"
     "Example:\n  pawl thaw -m 'incident 42 is over'\n\n" PAWL_ORDER_CODES,
     declare_thaw},
    {"", "diff", "what a session would change in your workspace; without SESSION, which sessions wait",
     "An agent in an overlay workspace writes to a copy. This shows what is in the copy and not in yours, "
     "in\n"
     "git's form: read it as you would read a stranger's patch. Makefiles, package.json, build scripts and\n"
     "the like run when you run them, and nothing but your reading stands between. Lines are shown with\n"
     "control and other invisible characters, and backslashes, as escapes. Marked are\n"
     "  protected  it makes git, an editor, a shell or CI execute something, or the role hid yours\n"
     "  escaping   a symlink that leads out of the workspace\n"
     "  special    setuid and setgid bits (dropped); devices, fifos, sockets (never written)\n"
     "  conflict   the host changed the same file since the session started\n\n"
     "Example:\n  pawl diff\n  pawl diff 9d41b6e2 --stat\n  pawl diff 9d41b6e2 src/ --json | jq -r "
     "'.[].path'\n\n"
     "Exit codes: 0 shown, 1 no such session or path, 2 usage",
     declare_diff},
    {"", "apply", "write a session's changes into your workspace, whole or by path",
     "Shows what will be written and asks. What is protected, escaping, special or in conflict is shown and\n"
     "asked for one by one; with --yes it stays in the session unless you name it. Each file is replaced at\n"
     "once or not at all; an apply that was interrupted is finished by the next one. Written changes leave\n"
     "the session, the rest stays, and when nothing is left the session's folder goes. Times and extended\n"
     "attributes of the agent are not taken over.\n\n"
     "Example:\n  pawl apply 9d41b6e2\n  pawl apply 9d41b6e2 src/ docs/ --yes\n"
     "  pawl apply 9d41b6e2 --yes --force-protected .envrc --overwrite README.md\n\n"
     "Exit codes: 0 all that you chose is written, 1 failed or you said no, 2 usage, 3 some of it stays\n"
     "(each is named), or the session is running",
     declare_apply},
    {"", "discard", "throw a session's changes away, whole or by path",
     "Example:\n  pawl discard 9d41b6e2\n  pawl discard 9d41b6e2 build/ --yes\n\n"
     "Exit codes: 0 gone, 1 failed or you said no, 2 usage, 3 the session is running, or an apply is "
     "unfinished",
     declare_discard},
    {"policy", "check", "read all policy files as the broker does, and say everything that is wrong",
     "Without FILE: the files of the configuration directory. With FILE...: these in the place of those of\n"
     "the same name (roles are known by standing in a folder roles/).\n\n"
     "Example:\n  pawl policy check && pawl policy explain --role deployer\n  pawl policy check "
     "./roles/deployer.toml\n\n"
     "Exit codes: 0 valid, 2 usage, 5 invalid",
     declare_policy_check},
    {"policy", "explain", "a role in words: what its agents see, reach and may ask, and what they cannot",
     "Example:\n  pawl policy explain --role deployer\n\nExit codes: 0 explained, 1 no such role, 2 usage, 5 "
     "invalid policy",
     declare_policy_explain},
    {"log", "", "the audit log: everything asked, decided, begun and finished",
     "Example:\n  pawl log --from 120\n  pawl log --follow --json | jq 'select(.kind == \"decision\")'\n\n"
     "Exit codes: 0 shown, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_log},
    {"log", "verify", "replay the log: nothing ran without a satisfied quorum, nothing twice",
     "Reads the embedded broker's own files; of the system broker, what it hands out (or --dir, an export).\n"
     "Checks every entry, the tree's tiles and root, and the checkpoint's signature. A checkpoint that you\n"
     "noted earlier (pawl log checkpoint) must be of the same log: --since.\n\n"
     "Example:\n  pawl log verify --dir ./log --key \"$(cat log.vkey)\" --since noted\n\n"
     "Exit codes: 0 it holds, 1 it does not (the first wrong entry is named), 2 usage,\n"
     "3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_log_verify},
    {"log", "export", "write the whole log as files that any reader of C2SP tlog-tiles can check",
     "DIR must not exist yet. It holds checkpoint, tile/entries/... and tile/0/... as a web server would "
     "give\n"
     "them out.\n\n"
     "Example:\n  pawl log export ./log && pawl log verify --dir ./log --key \"$(pawl log key)\"\n\n"
     "Exit codes: 0 written, 1 failed, 2 usage, 3 people.toml does not know you, 5 invalid policy,\n"
     "6 broker unreachable",
     declare_log_export},
    {"log", "key", "the key that the log's checkpoints are signed with, for receipt verify and log verify",
     "Get it once, over a way that you trust, and keep it: it is what a checkpoint is checked against.\n\n"
     "Example:\n  pawl log key > log.vkey\n\n"
     "Exit codes: 0 shown, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_log_key},
    {"log", "checkpoint", "the log's newest signed checkpoint: note it, and no later log can deny it",
     "Example:\n  pawl log checkpoint > noted; pawl log verify --since noted\n\n"
     "Exit codes: 0 shown, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_log_checkpoint},
    {"", "report", "what was asked for, decided and refused, by role, action and reviewer",
     "From the audit log. T is a time back from now (90m, 24h) or a day (2026-11-30, UTC); without it, all "
     "of\nthe log. Uses of emergency rules are listed one by one.\n\n"
     "Example:\n  pawl report --role deployer --since 24h\n  pawl report --json | jq '.emergencies'\n\n"
     "Exit codes: 0 shown, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_report},
    {"receipt", "show", "a request's receipt: the action, who approved it, the record that burned it",
     "Example:\n  pawl receipt show 3f2a9c01\n\nExit codes: 0 shown, 1 no such request, 2 usage,\n"
     "3 nobody decided yet, or people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_receipt_show},
    {"receipt", "export", "write a receipt as files that anyone can check with ssh-keygen alone",
     "Writes the receipt, the action document, each decision's statement, .pae and .sig, an allowed_signers\n"
     "file and verify.sh. DIR must not exist yet.\n\n"
     "Example:\n  pawl receipt export 3f2a9c01 ./receipt && sh ./receipt/verify.sh\n\n"
     "Exit codes: 0 written, 1 failed, 2 usage, 3 nobody decided yet, or people.toml does not know you,\n"
     "5 invalid policy, 6 broker unreachable",
     declare_receipt_export},
    {"receipt", "verify", "check a receipt offline, on any machine",
     "SIGNERS is an allowed_signers file from a source that you trust: pawl people allowed-signers; VKEY "
     "the\n"
     "key of the log: pawl log key. Without that, that the receipt was spent once rests on nobody's word.\n\n"
     "Example:\n  pawl receipt verify receipt/receipt.json --signers signers --quorum 2 --log-key \"$(cat "
     "log.vkey)\"\n\n"
     "Exit codes: 0 valid, 1 unreadable, 2 usage, 3 it does not hold (says why)",
     declare_receipt_verify},
    {"", "init", "set pawl up for yourself: a person, a signing key, working policy files",
     "Writes ~/.config/pawl for the embedded broker, and never overwrites anything. The key is a new\n"
     "ed25519 key in ~/.config/pawl/keys, or your own (--key, a public key file; the private one may live\n"
     "in ssh-agent).\n\n"
     "Example:\n  pawl init\n  pawl init --name alice --key ~/.ssh/id_ed25519.pub\n\n"
     "Exit codes: 0 written, 1 failed, 2 usage, 3 something is there already",
     declare_init},
    {"", "doctor", "whether this host can hold what pawl promises, and what to change where it cannot",
     "Makes each layer of a sandbox for real, attacks it, and launches every role once with a trivial\n"
     "command. What does not work comes first, with its cause and the remedy. Nothing is changed; a broker\n"
     "that had to be started for it is stopped again. As root, sandboxes are tried as an ordinary user.\n\n"
     "Example:\n  pawl doctor --role coder\n  pawl doctor --json | jq '.[] | select(.state == "
     "\"missing\")'\n\n"
     "Exit codes: 0 every role can be honoured, 1 one cannot, 2 usage",
     declare_doctor},
    {"people", "list",
     "who counts with which keys and groups, who vouched, and what waits for a second person",
     "STANDING: live counts; proposed stands in people.toml alone; dropped is enrolled and not in the file\n"
     "any more; revoked is a key that never counts again. In an embedded home the file decides.\n\n"
     "Example:\n  pawl people list --json | jq '.people[].name'\n\n"
     "Exit codes: 0 listed, 2 usage, 3 people.toml does not know you, 5 invalid policy, 6 broker unreachable",
     declare_people_list},
    {"people", "add", "ask that your own new key counts: it does when another person confirms it",
     "Run it as yourself: the broker takes the kernel's word for who asks. The key, and the groups, must\n"
     "stand in people.toml; the new key signs, which shows that it is yours. Another enrolled person then\n"
     "looks at it and signs: pawl people confirm.\n\n"
     "Example:\n  pawl people add --key ~/.ssh/id_ed25519\n\n" PAWL_ORDER_CODES,
     declare_people_add},
    {"people", "confirm", "vouch for what another person asked: shows it whole, asks, signs",
     "Talk to that person first, and compare the key's fingerprint: whoever holds it counts as them.\n\n"
     "Example:\n  pawl people confirm 5be70aa1\n\n" PAWL_ORDER_CODES,
     declare_people_confirm},
    {"people", "remove", "take a person out, or one key of theirs; effective at once",
     "Yourself, or others where pawl.toml's enrollers lets you. What waits and rested on it is void.\n\n"
     "Example:\n  pawl people remove bob\n  pawl people remove bob --fingerprint "
     "SHA256:9hYk...\n\n" PAWL_ORDER_CODES,
     declare_people_remove},
    {"people", "rotate", "ask that a new key of yours takes the place of an old one",
     "Both sign, and another person confirms it.\n\n"
     "Example:\n  pawl people rotate --old ~/.ssh/id_rsa --key ~/.ssh/id_ed25519\n\n" PAWL_ORDER_CODES,
     declare_people_rotate},
    {"people", "join", "ask to be a member of a group of people.toml; another person confirms it",
     "Example:\n  pawl people join sre\n\n" PAWL_ORDER_CODES, declare_people_join},
    {"people", "leave", "leave a group, or take another person out of it; effective at once",
     "Example:\n  pawl people leave sre --person bob\n\n" PAWL_ORDER_CODES, declare_people_leave},
    {"people", "allowed-signers",
     "the people's keys as an allowed_signers file, for ssh-keygen and receipt verify",
     "The keys that count now, as the broker has them; in an embedded home without a running broker, and\n"
     "with --config, those of people.toml.\n"
     "For a pipeline's runner name those who may approve, and nobody else: any of them counts there.\n\n"
     "Example:\n  pawl people allowed-signers > signers\n  pawl people allowed-signers --from @sre > "
     "signers\n\n"
     "Exit codes: 0 written, 1 somebody named is nobody, 2 usage, 3 people.toml does not know you,\n5 "
     "invalid policy, "
     "6 broker unreachable",
     declare_allowed_signers},
    {"secrets", "check", "whether every secret of secrets.toml is there, and who may use it for what",
     "Looks at files, never at values. The system broker's secrets are visible to its user and root only.\n\n"
     "Example:\n  sudo pawl secrets check\n\nExit codes: 0 all there, 1 some missing or unreadable, 2 usage, "
     "5 invalid policy",
     declare_secrets_check},
    {"", "session-over", "", "Started by pawl run.\n\nExit codes: 0 decided or kept, 1 failed, 2 usage",
     declare_session_over},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace pawl::cli
