#include "sandbox/identity.hpp"

#include <grp.h>
#include <unistd.h>

#include "sandbox/caps.hpp"

namespace pawl::sandbox {
namespace {

Result<> become(uid_t uid, gid_t gid) {
  const std::string remedy = "start it as root, or with CAP_SETUID and CAP_SETGID";
  // SAFETY: groups before gid before uid: each step still has the capability that it needs.
  if (::setgroups(0, nullptr) != 0)
    return std::unexpected(failed("drop supplementary groups").error().advising(remedy));
  if (::setresgid(gid, gid, gid) != 0)
    return std::unexpected(failed("become gid " + std::to_string(gid)).error().advising(remedy));
  if (::setresuid(uid, uid, uid) != 0)
    return std::unexpected(failed("become uid " + std::to_string(uid)).error().advising(remedy));
  // Ambient capabilities survive a change between two ordinary uids.
  if (const int error = drop_own_capabilities(); error != 0) return failed("drop capabilities", error);
  return {};
}

}  // namespace

Result<IdentityChange> check_identity(const LaunchPlan& plan) {
  if (plan.uid != kNone) {
    if (plan.uid == 0 || plan.gid == 0 || plan.gid == kNone)
      return refuse("a sandbox never runs as uid 0 or gid 0");
    const bool same = ::geteuid() == plan.uid && ::getuid() == plan.uid && ::getegid() == plan.gid &&
                      ::getgid() == plan.gid;
    return same ? IdentityChange::stay : IdentityChange::switch_ids;
  }
  if (::geteuid() == 0 || ::getuid() == 0)
    return refuse("started as root without a uid to run the sandbox as",
                  "start it as an ordinary user, or let the plan name the uid and gid of one");
  if (::getegid() == 0 || ::getgid() == 0)
    return refuse("started with group root (gid 0), which is never mapped into a sandbox",
                  "start it with an ordinary user's primary group");
  if (::geteuid() != ::getuid() || ::getegid() != ::getgid())
    return refuse("started set-user-id or set-group-id",
                  "install it without those bits; it needs no privilege");
  return IdentityChange::stay;
}

Result<Identity> take_identity(const LaunchPlan& plan) {
  if (TRY(check_identity(plan)) == IdentityChange::switch_ids) TRY(become(plan.uid, plan.gid));
  return Identity{::getuid(), ::getgid()};
}

}  // namespace pawl::sandbox
