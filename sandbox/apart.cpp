#include "sandbox/apart.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "sandbox/base/mount_api.hpp"

namespace pawl::sandbox {
namespace {

bool absent(int errnum) { return errnum == ENOENT || errnum == ENOTDIR; }

Result<FileIdentity> identity_of(int descriptor, const std::string& path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return failed("look at " + path);
  return FileIdentity{status.st_dev, status.st_ino};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// By the canonical path, and not by "..", which needs the right to search the place itself.
Result<Lineage> lineage_of(int descriptor) {
  const std::string path = TRY(path_of_descriptor(descriptor));
  if (!path.starts_with('/')) return refuse("a folder has no path: " + path, "start it again");
  Lineage lineage;
  const auto add = [&lineage](const std::string& part) -> Result<> {
    struct stat status{};
    if (::lstat(part.c_str(), &status) != 0) return failed("look at " + part);
    lineage.push_back({status.st_dev, status.st_ino});
    return {};
  };
  TRY(add("/"));
  for (std::size_t slash = 0; path.size() > 1 && slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    TRY(add(path.substr(0, slash)));
  }
  if (lineage.back() != TRY(identity_of(descriptor, path)))
    return refuse(path + " was replaced while it was looked at", "start it again");
  return lineage;
}

bool leads_through(const Lineage& lineage, const FileIdentity& place) {
  return std::ranges::find(lineage, place) != lineage.end();
}

}  // namespace

Result<std::string> path_of_descriptor(int descriptor) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (size <= 0 || static_cast<std::size_t>(size) == buffer.size()) return failed("read " + link);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Result<PrivatePlaces::Place> PrivatePlaces::resolve(const Apart& apart) {
  Place place{apart.path, apart.kind, Place::State::there, {}};
  for (std::string path = apart.path;; path = parent_of(path)) {
    const UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (found) {
      place.lineage = TRY(lineage_of(found.get()));
      return place;
    }
    const int errnum = errno;
    struct stat status{};
    // Where it cannot be told what is private, nothing is shown. A link that leads nowhere is one that an
    // agent could give a target.
    if (!absent(errnum) || ::lstat(path.c_str(), &status) == 0)
      return std::unexpected(failed("find out what " + path + " is, which no agent may see", errnum)
                                 .error()
                                 .advising("repair or remove it"));
    place.state = Place::State::missing;
  }
}

Result<PrivatePlaces> PrivatePlaces::resolve(const LaunchPlan& plan) {
  PrivatePlaces all;
  for (const Apart& apart : plan.apart) {
    if (apart.kind == ApartKind::name)
      all.names_.push_back(apart.path);
    else
      all.places_.push_back(TRY(resolve(apart)));
  }
  return all;
}

Result<> PrivatePlaces::admit(const Mount& mount, int here) const {
  if (mount.origin == Origin::pawls_own || (places_.empty() && names_.empty())) return {};
  const Lineage shown = TRY(lineage_of(here));
  const std::string step = "bind " + TRY(path_of_descriptor(here)) + " at " + mount.target;
  for (const Place& place : places_) {
    if (leads_through(place.lineage, shown.back()))
      return refuse(step + ": it is or holds " + place.path +
                        (place.kind == ApartKind::holder ? ", a home directory" : ", which no agent may see"),
                    "choose the folder of one project");
    if (place.kind == ApartKind::whole && place.state == Place::State::there &&
        leads_through(shown, place.lineage.back()))
      return refuse(step + ": it lies in " + place.path + ", which no agent may see",
                    "choose the folder of one project");
  }
  for (const std::string& name : names_) {
    struct stat status{};
    if (::fstatat(here, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
      return refuse(std::string(step).append(": it holds ").append(name).append(", as a home does"),
                    "choose the folder of one project, or keep credentials elsewhere");
    if (!absent(errno)) return failed(std::string(step).append(": look for ").append(name));
  }
  return {};
}

Result<UniqueFd> open_without_links(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd opened(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how))));
  if (opened) return opened;
  const int errnum = errno;
  if (errnum != ELOOP) return failed("open " + path, errnum);
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    struct stat status{};
    const std::string part = path.substr(0, end);
    if (::lstat(part.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
      return refuse(part + " is a link: name its target",
                    "whoever can change the link would choose what the sandbox sees");
    if (end == std::string::npos) break;
  }
  return refuse(path + " leads through a link: name its target");
}

}  // namespace pawl::sandbox
