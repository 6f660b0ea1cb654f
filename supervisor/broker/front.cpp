#include "supervisor/broker/front.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>

namespace pawl::broker {
namespace {

constexpr std::size_t kMaxConnections = 1024;     // all doors together
constexpr std::size_t kMaxAgentConnections = 64;  // one session: it cannot shut others out

}  // namespace

Result<> Front::open_people(const std::string& path, mode_t mode, Admission admits) {
  return open("", path, mode, Door{{}, Peer::person, "", std::move(admits), nullptr});
}

Result<> Front::open_agent(const std::string& session, const std::string& path, mode_t mode,
                           Admission admits) {
  return open(session, path, mode, Door{{}, Peer::agent, session, std::move(admits), nullptr});
}

Result<> Front::open(const std::string& key, const std::string& path, mode_t mode, Door door) {
  auto made = std::make_unique<Door>(std::move(door));
  made->listener = TRY(listen_at(path, mode));
  if (::fcntl(made->listener.get(), F_SETFL, O_NONBLOCK) != 0)
    return failed("make " + path + " non-blocking");
  Door* const raw = made.get();
  made->watch = loop_.on_readable(made->listener.get(), [this, raw] { accept(*raw); });
  doors_[key] = std::move(made);
  return {};
}

void Front::close_agent(const std::string& session) {
  doors_.erase(session);
  std::erase_if(connections_, [&](const ConnectionPtr& connection) {
    if (connection->peer != Peer::agent || connection->session != session) return false;
    connection->close();
    return true;
  });
}

void Front::accept(Door& door) {
  for (;;) {
    UniqueFd socket(::accept4(door.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    Channel channel(std::move(socket));
    const auto identity = channel.peer();
    if (!identity || !door.admits(*identity) || connections_.size() >= kMaxConnections) continue;
    if (door.peer == Peer::agent) {
      const auto of_session = std::ranges::count_if(
          connections_, [&](const ConnectionPtr& other) { return other->session == door.session; });
      if (of_session >= static_cast<std::ptrdiff_t>(kMaxAgentConnections)) continue;
    }
    auto connection = std::make_shared<Connection>(std::move(channel), door.peer, *identity, door.session);
    connections_.insert(connection);
    const std::weak_ptr<Connection> weak = connection;
    connection->watch_with(loop_.on_readable(connection->channel().fd(), [this, weak] {
      if (const ConnectionPtr strong = weak.lock()) read(strong);
    }));
  }
}

void Front::read(const ConnectionPtr& connection) {
  auto packet = connection->channel().receive();
  if (!packet && packet.error().errnum == EAGAIN) return;
  // End of connection, a frame beyond the bounds, or a second ask while an answer is owed.
  if (!packet || !packet->has_value() || connection->owes == Connection::Owes::answer)
    return drop(connection);
  connection->owes = Connection::Owes::answer;
  handler_(connection, **std::move(packet));
  if (connection->closed()) drop(connection);
}

void Front::drop(const ConnectionPtr& connection) {
  connection->close();
  connections_.erase(connection);
}

}  // namespace pawl::broker
