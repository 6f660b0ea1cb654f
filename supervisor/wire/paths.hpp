// Where a broker's things are (design: one code, two homes). Pure functions of the environment they are
// given.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/wire/people_messages.hpp"

namespace pawl::wire {

inline constexpr char kPeopleSocket[] = "people.sock";  // below Paths::sockets
inline constexpr char kAgentSocket[] = "agent.sock";    // below Paths::sockets/sessions/<id>
inline constexpr char kAgentSocketInside[] = "/run/pawl/broker/agent.sock";

struct Paths {
  Home home = Home::embedded;
  std::string sockets;        // /run/pawl                     $XDG_RUNTIME_DIR/pawl, else <state>/run
  std::string configuration;  // /etc/pawl                     ~/.config/pawl ($XDG_CONFIG_HOME is not asked:
                              // one place)
  std::string state;          // /var/lib/pawl                 ~/.local/state/pawl
  std::string head;  // /var/cache/pawl/ledger-head   ~/.local/share/pawl/ledger-head: the ledger's last head,
                     // kept apart from the state so that restored state is noticed
  std::string people_socket() const { return sockets + "/" + kPeopleSocket; }
};

// The home directory and the name of a user, from /etc/passwd itself (a static program must not load NSS
// modules).
Result<std::string> home_of(std::uint32_t uid);
Result<std::string> name_of(std::uint32_t uid);

Paths system_paths();
// HOME is the passwd home of the calling uid, and $HOME only where /etc/passwd does not know it.
// $XDG_RUNTIME_DIR is used when it is a directory that the caller owns and nobody else can write.
Result<Paths> embedded_paths();
// The system broker's when its configuration directory exists, else the embedded one: never both.
Result<Paths> client_paths();
// The person's own directory for private agent homes: ~/.local/state/pawl/homes, in both homes.
Result<std::string> private_homes();
// The person's own directory for what sessions wrote into overlay workspaces: $XDG_DATA_HOME/pawl/workspaces,
// else
// ~/.local/share/pawl/workspaces, in both homes.
Result<std::string> session_workspaces();
// The person's own directory for the sockets of detached sessions: ~/.local/state/pawl/held, in both homes.
Result<std::string> held_sessions();

}  // namespace pawl::wire
