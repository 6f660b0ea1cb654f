// Which places of the host no bind may show, compared by what they are and not by how they are spelled: links
// and mounts give one folder many paths. Runs in the launcher, with the rights of whoever started it.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/file_identity.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

class PrivatePlaces {
 public:
  // Looks up all of plan.apart, before ids change. Refused: what exists and cannot be resolved.
  static Result<PrivatePlaces> resolve(const LaunchPlan& plan);

  // `here` is what would be bound by `mount`; pawl's own mounts are not asked about.
  Result<> admit(const Mount& mount, int here) const;

 private:
  struct Place {
    std::string path;
    ApartKind kind = ApartKind::whole;
    enum class State { there, missing } state = State::there;
    Lineage lineage;  // missing: of the nearest folder that is there, where it could be made
  };

  class Resolver;

  std::vector<Place> places_;
  std::vector<std::string> names_;
};

}  // namespace pawl::sandbox
