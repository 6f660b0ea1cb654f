// The live policy: read when the broker starts, and again whenever a file of it has changed. While the files
// hold a mistake there is no policy, and everything is refused with that mistake as the reason. Runs in
// pawld.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::broker {

class PolicyStore {
 public:
  using Announce = std::function<void(const policy::Policy&)>;  // a policy came to life
  // Who of the file's people counts (live_people.hpp), and a number that grows whenever that changes.
  struct Live {
    std::function<policy::Policy(const policy::Policy& file)> narrow;
    std::function<std::uint64_t()> version;
  };

  PolicyStore(policy::Home home, Announce announce, Live live)
      : home_(std::move(home)), announce_(std::move(announce)), live_(std::move(live)) {}

  // With the people who count now, and no others. Valid until the next call.
  Result<const policy::Policy*> current();
  // As the files say it: only for what is about the file itself. nullptr: they hold a mistake. As of the last
  // current().
  const policy::Policy* file() const { return file_.get(); }

 private:
  std::string fingerprint() const;

  policy::Home home_;
  Announce announce_;
  Live live_;
  std::string seen_;  // fingerprint of the files that `file_` or `mistake_` came from
  std::uint64_t seen_people_ = 0;
  std::unique_ptr<policy::Policy> file_;
  std::unique_ptr<policy::Policy> policy_;
  Error mistake_;
};

}  // namespace pawl::broker
