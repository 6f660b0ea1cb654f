// The live policy: read when the broker starts, and again whenever a file of it has changed. While the files
// hold a mistake there is no policy, and everything is refused with that mistake as the reason. Runs in
// pawld.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::broker {

class PolicyStore {
 public:
  using Announce = std::function<void(const policy::Policy&)>;  // a policy came to life

  PolicyStore(policy::Home home, Announce announce)
      : home_(std::move(home)), announce_(std::move(announce)) {}

  // Valid until the next call.
  Result<const policy::Policy*> current();

 private:
  std::string fingerprint() const;

  policy::Home home_;
  Announce announce_;
  std::string seen_;  // fingerprint of the files that `policy_` or `mistake_` came from
  std::unique_ptr<policy::Policy> policy_;
  Error mistake_;
};

}  // namespace pawl::broker
