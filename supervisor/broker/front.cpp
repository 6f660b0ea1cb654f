#include "supervisor/broker/front.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>

namespace pawl::broker {
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
  if (const auto door = doors_.extract(session)) {
    door.mapped()->watch.reset();
    discard(std::move(door.mapped()->listener));  // with those that nobody accepted yet
  }
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
    const Admitted admitted = identity ? door.admits(*identity) : Admitted::no;
    if (admitted == Admitted::no || !has_room(door, *identity, admitted)) {
      discard(std::move(channel).release());
      continue;
    }
    auto connection =
        std::make_shared<Connection>(std::move(channel), door.peer, *identity, door.session, admitted, hold_);
    connections_.insert(connection);
    const std::weak_ptr<Connection> weak = connection;
    connection->when_gone([this, weak] {
      if (const ConnectionPtr strong = weak.lock()) drop(strong);
    });
    connection->watch_with(loop_.on_readable(connection->channel().fd(), [this, weak] {
      if (const ConnectionPtr strong = weak.lock()) read(strong);
    }));
    connection->until(loop_.after(limits_.greeting, [this, weak] {
      if (const ConnectionPtr strong = weak.lock(); strong && strong->phase == Phase::greeting) drop(strong);
    }));
  }
}

// Agents and people have budgets of their own, nobody takes all of one, and strangers leave room for those
// who have something to say here.
bool Front::has_room(const Door& door, const PeerIdentity& identity, Admitted admitted) const {
  const auto count = [&](auto counts) {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [&](const ConnectionPtr& other) {
      return other->peer == door.peer && counts(*other);
    }));
  };
  const std::size_t all = count([](const Connection&) { return true; });
  const std::size_t of_uid =
      count([&](const Connection& other) { return other.identity.uid == identity.uid; });
  if (door.peer == Peer::agent)
    return all < limits_.agents && of_uid < limits_.agents_of_uid &&
           count([&](const Connection& other) { return other.session == door.session; }) < limits_.session;
  if (all >= limits_.people || of_uid >= limits_.person) return false;
  return admitted == Admitted::known || count([](const Connection& other) {
                                          return other.admitted == Admitted::stranger;
                                        }) < limits_.strangers;
}

void Front::read(const ConnectionPtr& connection) {
  auto packet = connection->channel().receive();
  if (!packet && packet.error().errnum == EAGAIN) return;
  // End of connection, a frame beyond the bounds, or a second ask while an answer is owed.
  if (!packet || !packet->has_value() || connection->owes == Connection::Owes::answer)
    return drop(connection);
  // Neither people nor agents have a socket to hand over; theirs could keep this thread busy.
  if (std::ranges::any_of((*packet)->descriptors, [](const UniqueFd& fd) { return is_socket(fd.get()); })) {
    discard(std::move((*packet)->descriptors));
    return drop(connection);
  }
  connection->owes = Connection::Owes::answer;
  handler_(connection, **std::move(packet));
  if (connection->closed()) drop(connection);
}

void Front::drop(const ConnectionPtr& connection) {
  connection->close();
  connections_.erase(connection);
}

}  // namespace pawl::broker
