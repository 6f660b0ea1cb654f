#include "sandbox/apart.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace pawl::sandbox {
namespace {

bool absent(int errnum) { return errnum == ENOENT || errnum == ENOTDIR; }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

// Most places of a plan lie in the same few folders.
class PrivatePlaces::Resolver {
 public:
  Result<Place> resolve(const Apart& apart) {
    Place place{apart.path, apart.kind, Place::State::there, {}};
    for (std::string path = apart.path;; path = parent_of(path)) {
      if (const Lineage* const lineage = TRY(find(path)); lineage != nullptr) {
        place.lineage = *lineage;
        return place;
      }
      place.state = Place::State::missing;
    }
  }

 private:
  // nullptr: it is missing.
  Result<const Lineage*> find(const std::string& path) {
    if (const auto known = there_.find(path); known != there_.end()) return &known->second;
    const UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (found) return &there_.emplace(path, TRY(lineages_.of(found.get()))).first->second;
    const int errnum = errno;
    struct stat status{};
    // Where it cannot be told what is private, nothing is shown. A link that leads nowhere is one that an
    // agent could give a target.
    if (!absent(errnum) || ::lstat(path.c_str(), &status) == 0)
      return std::unexpected(failed("find out what " + path + " is, which no agent may see", errnum)
                                 .error()
                                 .advising("repair or remove it"));
    return nullptr;
  }

  Lineages lineages_;
  std::map<std::string, Lineage> there_;
};

Result<PrivatePlaces> PrivatePlaces::resolve(const LaunchPlan& plan) {
  PrivatePlaces all;
  Resolver resolver;
  for (const Apart& apart : plan.apart) {
    if (apart.kind == ApartKind::name)
      all.names_.push_back(apart.path);
    else
      all.places_.push_back(TRY(resolver.resolve(apart)));
  }
  return all;
}

Result<> PrivatePlaces::admit(const Mount& mount, int here) const {
  if (mount.origin == Origin::pawls_own || (places_.empty() && names_.empty())) return {};
  const Lineage shown = TRY(Lineages().of(here));
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

}  // namespace pawl::sandbox
