#include "tools/pawl/private_home.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace pawl::run {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr char kRemedy[] = "move it away; pawl makes a new one";

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name[0] != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  });
}

// mkdir -p for what lies above pawl's own directory: the person's to arrange, symlinks included.
Result<> make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + part);
    if (slash == std::string::npos) return {};
  }
}

Result<UniqueFd> enter(const UniqueFd& parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("make directory " + name);
  UniqueFd directory(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) {
    auto error = failed("open directory " + name);
    return std::unexpected(std::move(error).error().advising(kRemedy));
  }
  return directory;
}

Result<> check(const UniqueFd& directory, const std::string& name, uid_t owner) {
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return failed("look at directory " + name);
  if (status.st_uid != owner)
    return refuse("directory " + name + " belongs to uid " + std::to_string(status.st_uid) + " instead of " +
                      std::to_string(owner),
                  kRemedy);
  if ((status.st_mode & 077) != 0 && ::fchmod(directory.get(), 0700) != 0) return failed("chmod " + name);
  return {};
}

// The last one belongs to the session's own uid, which is another one only when root starts it.
Result<> give(const UniqueFd& directory, HomeOwner owner) {
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return failed("look at the private home");
  if (status.st_uid == ::geteuid() && owner.uid != ::geteuid() &&
      ::fchown(directory.get(), owner.uid, owner.gid) != 0)
    return failed("give the private home to uid " + std::to_string(owner.uid));
  return {};
}

}  // namespace

Result<UniqueFd> open_private_home(const std::string& base, const std::string& role, const std::string& key,
                                   HomeOwner owner) {
  const std::size_t slash = key.find('/');
  const std::string role_name = slash == std::string::npos ? role : key.substr(0, slash);
  const std::string key_name = slash == std::string::npos ? key : key.substr(slash + 1);
  const std::array<std::string, 4> names = {"pawl", "homes", role_name, key_name};
  if (!std::ranges::all_of(names, plain_name) || !base.ends_with("/pawl/homes"))
    return refuse("the private home's name makes no sense",
                  "client and broker differ in version; restart the broker");
  const std::string parents = base.substr(0, base.size() - std::string_view("/pawl/homes").size());
  TRY(make_parents(parents));
  UniqueFd directory(::open(parents.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open " + parents);
  for (std::size_t i = 0; i < names.size(); ++i) {
    directory = TRY(enter(directory, names[i]));
    const bool last = i + 1 == names.size();
    if (last) TRY(give(directory, owner));
    TRY(check(directory, names[i], last ? owner.uid : ::geteuid()));
  }
  return directory;
}

}  // namespace pawl::run
