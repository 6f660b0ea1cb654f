#include "tests/unit/supervisor/approval/world.hpp"

#include <stdexcept>

#include "tests/support/sample_receipt.hpp"

namespace pawl::test {

using approval::Step;

World::World()
    : keys{{"alice", Signer(1)}, {"alice2", Signer(2)}, {"bob", Signer(3)},
           {"carol", Signer(4)}, {"dave", Signer(5)},   {"mallory", Signer(9)}} {
  current.policy = receipt::sha256("policy");
  current.rule = {"two-person",
                  2,
                  {{"@sre",
                    {{"alice", {keys.at("alice").line(), keys.at("alice2").line()}},
                     {"bob", {keys.at("bob").line()}},
                     {"carol", {keys.at("carol").line()}}}},
                   {"@oncall", {{"bob", {keys.at("bob").line()}}, {"dave", {keys.at("dave").line()}}}}},
                  false,
                  900};
}

approval::Proposal World::proposal(const std::string& service, char session) {
  receipt::ActionDocument document = sample_document();
  document.argv[2] = service;
  const std::string bytes = receipt::write_document(document).value();
  const Digest digest = receipt::sha256(bytes);
  blobs[digest] = bytes;
  approval::Proposal proposal;
  proposal.id = to_hex(receipt::sha256("id " + std::to_string(next_id_++)));
  proposal.session = std::string(64, session);
  proposal.role = "deployer";
  proposal.agent = "session:" + proposal.session;
  proposal.launcher = "carol";
  proposal.action = "deploy";
  proposal.document = digest;
  proposal.rendered = receipt::sha256(receipt::render(document));
  proposal.policy = current.policy;
  proposal.rule = current.rule;
  proposal.why = "to ship it";
  return proposal;
}

Result<approval::Proposed> World::propose(const approval::Proposal& proposal) {
  auto proposed = TRY(queue.propose(proposal, now));
  if (proposed.step) commit(*proposed.step);
  return proposed;
}

std::string World::ask(const std::string& service, char session) {
  return propose(proposal(service, session)).value().id;
}

receipt::Statement World::statement(const std::string& id, const std::string& person,
                                    receipt::Verdict verdict) const {
  receipt::Statement statement;
  statement.binding = queue.find(id).value()->binding;
  statement.verdict = verdict;
  statement.person = person;
  statement.group = person == "dave" ? "@oncall" : "@sre";
  statement.reason = verdict == receipt::Verdict::deny ? "use a rolling update" : "";
  statement.time = now / 1000;
  return statement;
}

Result<> World::decide(const std::string& id, const std::string& person, receipt::Verdict verdict) {
  return decide_with(id, keys.at(person).decide(statement(id, person, verdict)));
}

Result<> World::decide_with(const std::string& id, const receipt::SignedDecision& decision) {
  return commit(queue.decide(id, decision.statement, decision.signature, current, now));
}

Result<> World::consume(const std::string& id) { return commit(queue.consume(id, current, now)); }
Result<> World::start(const std::string& id) { return commit(queue.start(id)); }
Result<> World::finish(const std::string& id) {
  return commit(queue.finish(id, {approval::Ending::exited, 0, "", std::nullopt, std::nullopt}));
}

std::string World::approved(const std::string& service, char session) {
  const std::string id = ask(service, session);
  decide(id, "alice").value();
  decide(id, "bob").value();
  return id;
}

Result<> World::commit(Result<Step> step) {
  if (!step) return std::unexpected(std::move(step).error());
  commit(*step);
  return {};
}

void World::commit(const Step& step) {
  ledger::Entry entry{entries.size(), now, step.kind, step.body, {}};
  // As the ledger would: through the bytes on disk.
  entry = ledger::read_entry(ledger::write_entry(entry).value()).value();
  entries.push_back(entry);
  if (auto applied = queue.apply(entry); !applied) throw std::runtime_error(applied.error().text());
}

void World::commit_all(const std::vector<Step>& steps) {
  for (const Step& step : steps) commit(step);
}

void World::restart() {
  queue = approval::Queue(queue.audience());
  for (const ledger::Entry& entry : entries)
    if (auto applied = queue.apply(entry); !applied) throw std::runtime_error(applied.error().text());
  commit_all(queue.recover(approval::Doubt::restart));
}

Result<approval::LogReport> World::verify_log() const {
  approval::LogToVerify log = log_to_verify();
  log.blobs = [this](const Digest& digest) -> Result<Bytes> {
    const auto found = blobs.find(digest);
    if (found == blobs.end()) return refuse("no such blob");
    const ByteSpan bytes = as_bytes(found->second);
    return Bytes(bytes.begin(), bytes.end());
  };
  return approval::verify_log(log);
}

approval::LogToVerify World::log_to_verify() const {
  approval::LogToVerify log;
  log.lines = [this, next = std::size_t{0}]() mutable -> Result<std::vector<std::string>> {
    // A few at a time, as they come from files and brokers.
    std::vector<std::string> lines;
    while (next < entries.size() && lines.size() < 3)
      lines.push_back(TRY(ledger::write_entry(entries[next++])));
    return lines;
  };
  return log;
}

}  // namespace pawl::test
