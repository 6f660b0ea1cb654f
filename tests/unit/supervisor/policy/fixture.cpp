#include "tests/unit/supervisor/policy/fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace pawl::policy::test {
namespace {

constexpr std::string_view kRole = R"(pawl = 1
name = "shipper"
description = "Ships"

[sandbox.files]
workspace = "direct"
workspace_reason = "it edits"

[sandbox.env]
keep = ["TERM"]

[[llm]]
name = "anthropic"
secret = "model"

[[action]]
name = "ship"
run = ["/usr/bin/ship", "{what}", "--file={input}"]
params.what = { match = "[a-z-]{1,30}" }
params.input = { file = true, max = "64 KiB" }
secrets = { SHIP_TOKEN = "prod" }
approval = "pair"
)";

constexpr std::string_view kApprovals = R"([pair]
quorum = 2
from = ["@sre"]
expires = "10m"

[floor]
quorum = 2
from = ["alice", "bob", "carol"]
expires = "15m"

[one]
quorum = 1
from = ["@sre"]
)";

constexpr std::string_view kSecrets = R"([prod]
file = "prod.token"
roles = ["shipper"]
uses = ["action:ship"]
require = "floor"

[model]
file = "model.key"
roles = ["shipper"]
uses = ["llm:anthropic"]
require = "none"
)";

constexpr std::string_view kSettings = "audience = \"test.example.com\"\nplain_http = [\"127.0.0.1:8080\"]\n";

std::string people() {
  const auto person = [](std::string_view name, std::string_view uid, std::string_view key) {
    return "[" + std::string(name) + "]\nuids = [" + std::string(uid) + "]\nkeys = [\"" + std::string(key) +
           " " + std::string(name) + "@home\"]\ngroups = [\"sre\"]\n\n";
  };
  return person("alice", "1000", kAliceKey) + person("bob", "1001", kBobKey) +
         person("carol", "1002", kCarolKey);
}

}  // namespace

Files::Files(HomeKind kind)
    : kind_(kind),
      files_{{"approvals.toml", std::string(kApprovals)},
             {"people.toml", people()},
             {"secrets.toml", std::string(kSecrets)},
             {"pawl.toml", std::string(kSettings)},
             {"roles/shipper.toml", std::string(kRole)}} {}

SourceFile& Files::file(std::string_view name) {
  const auto found = std::ranges::find(files_, name, &SourceFile::name);
  if (found == files_.end()) throw std::logic_error("no file " + std::string(name));
  return *found;
}

Files& Files::edit(std::string_view name, std::string_view from, std::string_view to) {
  std::string& text = file(name).text;
  const auto at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
    throw std::logic_error("not exactly once in " + std::string(name) + ": " + std::string(from));
  text.replace(at, from.size(), to);
  return *this;
}

Files& Files::set(std::string_view name, std::string text) {
  const auto found = std::ranges::find(files_, name, &SourceFile::name);
  if (found == files_.end()) {
    files_.push_back({std::string(name), std::move(text)});
  } else {
    found->text = std::move(text);
  }
  return *this;
}

Files& Files::append(std::string_view name, std::string_view text) {
  file(name).text += text;
  return *this;
}

std::expected<Policy, Problems> Files::build() const {
  return policy::build({.kind = kind_, .config = "/etc/pawl", .owner = 0}, files_);
}

Policy Files::policy() const {
  auto built = build();
  if (!built) throw std::logic_error(text_of(built.error()));
  return *std::move(built);
}

std::string Files::refusals() const {
  const auto built = build();
  if (built) return {};
  std::string text;
  for (const Problem& problem : built.error())
    if (problem.severity == Severity::refusal) text += problem.text() + "\n";
  return text;
}

}  // namespace pawl::policy::test
