// The broker's doors: accepts on the people's socket and on each session's socket, reads one frame at a time
// and hands it to the surface. Reads foreign bytes only through wire's decoders.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "sandbox/base/unique_fd.hpp"
#include "supervisor/broker/connection.hpp"
#include "supervisor/broker/loop.hpp"

namespace pawl::broker {

struct FrontLimits {
  std::size_t people = 512;     // connections of all people
  std::size_t strangers = 128;  // of these: by whom people.toml does not know
  std::size_t person = 128;     // of one uid
  std::size_t agents = 1024;    // of all agents
  std::size_t agents_of_uid = 512;
  std::size_t session = 64;
  std::chrono::milliseconds greeting{5000};  // to say hello in
};

class Front {
 public:
  using Handler = std::function<void(const ConnectionPtr&, Packet)>;
  using Admission = std::function<Admitted(const PeerIdentity&)>;

  // `hold` keeps answers back until the ledger has what they rest on; nullptr: nothing does.
  Front(Loop& loop, Handler handler, FrontLimits limits = {}, Hold* hold = nullptr)
      : loop_(loop), handler_(std::move(handler)), limits_(limits), hold_(hold) {}

  // Both make the listening socket. A peer that `admits` says no to, or for whom there is no room, is closed
  // without a word.
  Result<> open_people(const std::string& path, mode_t mode, Admission admits);
  Result<> open_agent(const std::string& session, const std::string& path, mode_t mode, Admission admits);
  // Takes the session's door and every connection through it away.
  void close_agent(const std::string& session);

  std::size_t connections() const { return connections_.size(); }

 private:
  struct Door {
    UniqueFd listener;
    Peer peer;
    std::string session;
    Admission admits;
    std::unique_ptr<Loop::Handle> watch;
  };

  Result<> open(const std::string& key, const std::string& path, mode_t mode, Door door);
  void accept(Door& door);
  bool has_room(const Door& door, const PeerIdentity& identity, Admitted admitted) const;
  void read(const ConnectionPtr& connection);
  void drop(const ConnectionPtr& connection);

  Loop& loop_;
  Handler handler_;
  FrontLimits limits_;
  Hold* hold_;
  std::map<std::string, std::unique_ptr<Door>> doors_;  // by session id; "" is the people's
  std::set<ConnectionPtr> connections_;
};

}  // namespace pawl::broker
