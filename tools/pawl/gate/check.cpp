#include "tools/pawl/gate/check.hpp"

#include <algorithm>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::gate {
namespace {

using receipt::GateDocument;
using receipt::visible_word;

Result<> same(std::string_view what, const std::string& found, const std::string& wanted) {
  if (wanted.empty() || found == wanted) return {};
  return refuse("the receipt is for the " + std::string(what) + " " + visible_word(found) + ", not for " +
                visible_word(wanted));
}

Result<> same_command(const std::vector<std::string>& approved, const std::vector<std::string>& given) {
  for (std::size_t i = 0; i < std::min(approved.size(), given.size()); ++i)
    if (approved[i] != given[i])
      return refuse("word " + std::to_string(i) + " of the command is " + visible_word(given[i]) + ", but " +
                    visible_word(approved[i]) + " was approved");
  if (approved.size() == given.size()) return {};
  return refuse("the command has " + std::to_string(given.size()) + " words, but " +
                std::to_string(approved.size()) + " were approved");
}

// Both in ascending order of their names.
Result<> same_inputs(const std::vector<GateDocument::Input>& approved,
                     const std::vector<GateDocument::Input>& given) {
  for (const GateDocument::Input& wanted : approved) {
    const auto found = std::ranges::find(given, wanted.name, &GateDocument::Input::name);
    if (found == given.end())
      return refuse("the receipt pins the input " + visible_word(wanted.name) + ", which was not given",
                    "--input " + visible_word(wanted.name));
    if (*found != wanted)
      return refuse("the input " + visible_word(wanted.name) + " is not the file that was approved");
  }
  for (const GateDocument::Input& extra : given)
    if (std::ranges::find(approved, extra.name, &GateDocument::Input::name) == approved.end())
      return refuse("the receipt does not pin the input " + visible_word(extra.name));
  return {};
}

Result<> in_time(const receipt::Binding& binding, std::int64_t now) {
  if (now >= binding.expires)
    return refuse("the receipt expired " + std::to_string(now - binding.expires) + " seconds ago",
                  "propose again");
  if (now < binding.issued - receipt::kClockSkew)
    return refuse("the receipt is from the future", "set this machine's clock");
  return {};
}

Result<std::vector<std::string>> enough(const receipt::BundleReport& report, const GateCommand& command) {
  std::vector<std::string> persons;
  bool own = false;
  for (const receipt::Statement& approval : report.approvals) {
    if (approval.person == report.binding.launcher && command.requester == Requester::excluded)
      own = true;
    else
      persons.push_back(approval.person);
  }
  if (persons.size() >= command.quorum) return persons;
  return refuse("approved by " + std::to_string(persons.size()) + " of " + std::to_string(command.quorum) +
                    " persons" + (own ? ", without " + report.binding.launcher + ", who asked for it" : ""),
                own ? "--allow-requester counts them too" : "");
}

}  // namespace

Result<Released> check_receipt(std::string_view receipt_text, std::string_view allowed_signers,
                               const GateCommand& command, const std::vector<GateDocument::Input>& inputs,
                               std::int64_t now) {
  const receipt::Bundle bundle = TRY(receipt::read_bundle(receipt_text));
  const receipt::BundleReport report = TRY(receipt::verify_bundle(bundle, allowed_signers, command.quorum));
  const auto* const document = std::get_if<GateDocument>(&report.document);
  if (document == nullptr)
    return refuse("the receipt is of an action that its broker runs, not of a gate",
                  "pawl propose makes one");
  if (!bundle.consumed)
    return refuse("the receipt was approved, but never released by its broker",
                  "take the one that pawl propose wrote");
  TRY(same("broker", report.binding.audience, command.audience));
  TRY(same("role", report.binding.role, command.role));
  TRY(same("action", document->action, command.action));
  TRY(same("commit", document->subject, command.subject));
  TRY(same_command(document->argv, command.argv));
  TRY(same_inputs(document->inputs, inputs));
  TRY(in_time(report.binding, now));
  auto persons = TRY(enough(report, command));
  return Released{report.binding.audience, report.binding.request, report.binding.role,   document->action,
                  report.binding.launcher, std::move(persons),     report.binding.expires};
}

}  // namespace pawl::gate
