#include "tools/pawl/private_home.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace pawl::run {
namespace {

constexpr std::size_t kMaxName = 128;

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name[0] != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  });
}

}  // namespace

Result<UniqueFd> open_private_home(const std::string& base, const std::string& role, const std::string& key,
                                   FolderOwner owner) {
  const std::size_t slash = key.find('/');
  const std::string role_name = slash == std::string::npos ? role : key.substr(0, slash);
  const std::string key_name = slash == std::string::npos ? key : key.substr(slash + 1);
  const std::array<std::string, 4> names = {"pawl", "homes", role_name, key_name};
  if (!std::ranges::all_of(names, plain_name) || !base.ends_with("/pawl/homes"))
    return refuse("the private home's name makes no sense",
                  "client and broker differ in version; restart the broker");
  const std::string parents = base.substr(0, base.size() - std::string_view("/pawl/homes").size());
  UniqueFd directory = TRY(open_parents(parents));
  for (std::size_t i = 0; i < names.size(); ++i) {
    directory = TRY(enter(directory, names[i]));
    const bool last = i + 1 == names.size();
    if (last) TRY(give(directory, names[i], owner));
    TRY(keep_private(directory, names[i], last ? owner.uid : ::geteuid()));
  }
  return directory;
}

}  // namespace pawl::run
