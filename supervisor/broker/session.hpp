// One session as the broker knows it. Runs in pawld.
#pragma once

#include <signal.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/broker/egress_log.hpp"
#include "supervisor/broker/launch_link.hpp"
#include "supervisor/broker/rate.hpp"
#include "supervisor/broker/route_host.hpp"
#include "supervisor/policy/role.hpp"
#include "supervisor/wire/people_messages.hpp"

namespace pawl::broker {

enum class SessionState : std::uint8_t {
  opened,  // the launcher has the plan, nothing runs yet
  running,
  orphaned,  // the broker was restarted; the launcher has not come back yet
  ended,
};

inline constexpr std::int32_t kKilled =
    128 + SIGKILL;  // the exit code of one that was ended, as shells say it

struct Session {
  wire::SessionInfo info;
  Digest token{};           // SHA-256 of what the launcher must present to resume
  std::string handed_role;  // text of --policy FILE; empty: an installed role
  // The model routes as they were when it was opened, in the order of its listeners: its egress was told
  // these, so these alone are served, whatever the role says since.
  std::vector<wire::Route> llm_routes;
  SessionState state = SessionState::opened;
  bool writes_workspace = true;
  bool doomed = false;          // killed while its launcher was away
  std::uint32_t outer_uid = 0;  // who may connect to the agent socket
  std::unique_ptr<LaunchLink> launcher;
  UniqueFd pidfd;                      // pid 1 of the sandbox
  std::string limits, limits_missing;  // as its launcher reported them
  std::unique_ptr<EgressLog> egress_log;
  std::unique_ptr<RouteHost> routes;       // goes before the log that it writes to
  Rate proposals{60};                      // also those that are refused: each costs a durable entry
  Rate awaits{600};                        // each keeps a waiter and wakes it with every change
  Rate pinned{256ull * 1024 * 1024};       // bytes of inputs that are copied for it
  std::unique_ptr<Loop::Handle> patience;  // no launcher has reported: until it is given up
};

}  // namespace pawl::broker
