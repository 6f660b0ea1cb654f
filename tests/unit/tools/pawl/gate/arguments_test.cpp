#include "tools/pawl/gate/arguments.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using Catch::Contains;
using gate::GateCommand;

namespace {

const std::string kCommit = "git:" + std::string(40, 'a');

std::vector<std::string> words(std::vector<std::string> more = {},
                               std::vector<std::string> command = {"--", "true"}) {
  std::vector<std::string> all{"--receipt", "r.json", "--signers", "s", "--subject", kCommit};
  all.insert(all.end(), more.begin(), more.end());
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

GateCommand parsed(const std::vector<std::string>& all) {
  return std::get<GateCommand>(gate::parse_gate(all).value());
}

std::string refusal(const std::vector<std::string>& all) {
  const auto parsed = gate::parse_gate(all);
  return parsed ? "" : parsed.error().trail;
}

}  // namespace

TEST_CASE("pawl gate takes its files, the commit, and the command exactly as it stands behind --") {
  const GateCommand command =
      parsed(words({"--input", "./a", "--input=b/c", "--role=pipeline", "--once", "/var/lib/x", "--verbose"},
                   {"--", "./deploy.sh", "--", "[a,b]", "", "--quorum"}));
  CHECK(command.receipt == "r.json");
  CHECK(command.subject == kCommit);
  CHECK(command.inputs == std::vector<std::string>{"./a", "b/c"});
  CHECK(command.role == "pipeline");
  CHECK(command.verbose);
  CHECK(command.argv == std::vector<std::string>{"./deploy.sh", "--", "[a,b]", "", "--quorum"});
}

TEST_CASE("without a word about it two persons are needed, and none of them is who asked") {
  CHECK(parsed(words()).quorum == 2);
  CHECK(parsed(words()).requester == gate::Requester::excluded);
  CHECK(parsed(words({"--quorum", "1", "--allow-requester"})).quorum == 1);
}

TEST_CASE("what pawl gate does not understand it refuses, saying what") {
  CHECK_THAT(refusal(words({}, {})), Contains("no command"));
  CHECK_THAT(refusal(words({}, {"--"})), Contains("no command"));
  CHECK_THAT(refusal(words({}, {"--", ""})), Contains("no command"));
  CHECK_THAT(refusal(words({"x"})), Contains("'x' stands before --"));
  CHECK_THAT(refusal(words({"--qourum", "1"})), Contains("did you mean '--quorum'"));
  CHECK_THAT(refusal(words({"--quorum", "0"})), Contains("no number from 1 to 1000"));
  CHECK_THAT(refusal(words({"--quorum", "2x"})), Contains("no number from 1 to 1000"));
  CHECK_THAT(refusal(words({"--quorum", "-1"})), Contains("no number from 1 to 1000"));
  CHECK_THAT(refusal(words({"--receipt", "b"})), Contains("--receipt is given twice"));
  CHECK_THAT(refusal(words({"--input", "../x"})), Contains("not a clean path"));
  CHECK_THAT(refusal(words({"--role="})), Contains("--role needs a value"));
  CHECK_THAT(refusal({"--receipt", "r", "--signers", "s", "--", "true"}),
             Contains("--subject git:COMMIT is missing"));
  CHECK_THAT(refusal({"--receipt", "r", "--signers", "s", "--subject", "git:HEAD", "--", "true"}),
             Contains("not git: and a full commit id"));
  CHECK_THAT(refusal({"--signers", "s", "--", "true"}), Contains("--receipt FILE is missing"));
  CHECK_THAT(refusal({"--receipt", "s", "--", "true"}), Contains("--signers FILE is missing"));
  CHECK_THAT(refusal({}), Contains("no command"));
}

TEST_CASE("pawl gate --help explains itself and starts nothing") {
  CHECK(std::holds_alternative<gate::GateHelp>(gate::parse_gate(std::vector<std::string>{"--help"}).value()));
  CHECK_THAT(std::string(gate::gate_help()), Contains("--once DIR"));
}
