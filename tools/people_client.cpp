#include "tools/people_client.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace pawl::tools {
namespace {

Outcome<> check_server(const wire::Paths& paths, const Channel& channel) {
  const PeerIdentity server = TRY(channel.peer());
  uid_t expected = ::getuid();
  if (paths.home == wire::Home::system) {
    // Only root can have made this directory, and only its owner can have put the socket there.
    struct stat directory{};
    if (::stat(paths.sockets.c_str(), &directory) != 0) return failed("look at " + paths.sockets);
    expected = directory.st_uid;
  }
  if (server.uid == expected) return {};
  return trouble(ExitCode::unreachable,
                 "the broker at " + paths.people_socket() + " runs as uid " + std::to_string(server.uid) +
                     " instead of " + std::to_string(expected),
                 "somebody else's program listens there: stop it and start pawl's broker");
}

std::string how_to_start(const wire::Paths& paths) {
  return paths.home == wire::Home::system ? "ask its operator to start it (pawld --system)"
                                          : "`pawl run` starts it; `pawl init` sets it up";
}

}  // namespace

bool inside_a_session() { return ::access("/run/pawl/broker", F_OK) == 0; }

Outcome<Channel> connect_people(const wire::Paths& paths) {
  auto channel = Channel::connect(paths.people_socket());
  if (!channel) {
    const int errnum = channel.error().errnum;
    if (errnum == ENOENT || errnum == ECONNREFUSED)
      return trouble(ExitCode::unreachable, "no broker runs at " + paths.people_socket(),
                     how_to_start(paths));
    if (errnum == EACCES)
      return trouble(ExitCode::unreachable, "you cannot reach the broker's socket " + paths.people_socket(),
                     "every folder on the way must let you through: ask its operator");
    return trouble(ExitCode::unreachable, channel.error().text());
  }
  TRY(check_server(paths, *channel));
  return *std::move(channel);
}

Outcome<Greeted> greet_people(const wire::Paths& paths) {
  wire::Client client(TRY(connect_people(paths)));
  wire::Welcome welcome = TRY(client.ask<wire::Welcome>(wire::Hello{})).message;
  if (welcome.protocol != wire::kProtocol)
    return trouble(ExitCode::unreachable,
                   "the broker speaks protocol " + std::to_string(welcome.protocol) + ", this command " +
                       std::to_string(wire::kProtocol),
                   "client and broker differ in version; restart the broker");
  return Greeted{paths, std::move(client), std::move(welcome)};
}

}  // namespace pawl::tools
