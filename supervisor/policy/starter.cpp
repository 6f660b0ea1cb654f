#include "supervisor/policy/starter.hpp"

#include <algorithm>
#include <utility>

#include "supervisor/policy/shipped.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

constexpr std::string_view kTemplate = ".in";

using Values = std::vector<std::pair<std::string_view, std::string>>;  // "@PERSON@" → "alice"

std::string fill(std::string_view text, const Values& values) {
  std::string out(text);
  for (const auto& [mark, value] : values)
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at + value.size()))
      out.replace(at, mark.size(), value);
  return out;
}

// Shipped files below `folder`, under the names they have in a config directory.
std::vector<SourceFile> below(std::string_view folder, std::string_view renamed, const Values& values) {
  std::vector<SourceFile> files;
  for (const ShippedText& shipped : shipped_texts()) {
    if (!shipped.name.starts_with(folder)) continue;
    std::string_view name = shipped.name.substr(folder.size());
    if (name.ends_with(kTemplate)) name.remove_suffix(kTemplate.size());
    files.push_back({std::string(renamed) + std::string(name), fill(shipped.text, values)});
  }
  return files;
}

std::vector<SourceFile> with_roles(std::vector<SourceFile> files) {
  auto roles = below("roles/", "roles/", {});
  std::ranges::move(roles, std::back_inserter(files));
  return files;
}

std::string list_of(const std::vector<uid_t>& uids) {
  std::string text;
  for (const uid_t uid : uids) text += (text.empty() ? "" : ", ") + std::to_string(uid);
  return text;
}

std::string list_of(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "\"" : ", \"") + key + "\"";
  return text;
}

}  // namespace

Result<std::vector<SourceFile>> embedded_starter(const Person& person, std::string_view audience) {
  if (!valid_name(person.name)) return refuse(quoted(person.name) + " is not a name", std::string(kNameForm));
  if (person.uids.empty() || person.keys.empty())
    return refuse("the first person needs a uid and a key", "pawl init --key FILE.pub");
  if (!valid_audience(audience))
    return refuse(quoted(audience) + " is not a name for a broker", std::string(kAudienceForm));
  Person canonical = person;
  for (std::string& key : canonical.keys) key = TRY(canonical_key(key));
  const Values values = {{"@PERSON@", canonical.name},
                         {"@UIDS@", list_of(canonical.uids)},
                         {"@KEYS@", list_of(canonical.keys)},
                         {"@AUDIENCE@", std::string(audience)}};
  auto files = with_roles(below("embedded/", "", values));
  if (auto policy = build({.kind = HomeKind::embedded}, files); !policy)
    return std::unexpected(as_error(policy.error()));
  return files;
}

std::vector<SourceFile> system_example() { return with_roles(below("system/", "", {})); }

std::vector<SourceFile> schema_files() { return below("schema/", "", {}); }

}  // namespace pawl::policy
