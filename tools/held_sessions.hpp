// Where the holders of a person's detached sessions listen: one socket each, named by the session's id, in a
// folder that is nobody else's. It lies in the state and not in the runtime directory, which goes away with
// the login. Runs in pawl and pawl-cli, as the person.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::tools {

class HeldSessions {
 public:
  // Made when it is missing; refused when it is not the person's own.
  static Result<HeldSessions> open();

  // Ids of those that listen, or did once.
  Result<std::vector<std::string>> list() const;
  // The one whose id begins with `prefix`; refused unless there is exactly one, and its prefix has 8 digits.
  Result<std::string> find(const std::string& prefix) const;
  // Refused unless this same user listens there. ENOENT and ECONNREFUSED keep their errnum.
  Result<Channel> connect(const std::string& id) const;

  Result<UniqueFd> listen(const std::string& id) const;
  void remove(const std::string& id) const;
  int fd() const { return folder_.get(); }
  // What holders left that could not remove their socket.
  void remove_dead() const;

 private:
  explicit HeldSessions(UniqueFd folder) : folder_(std::move(folder)) {}
  std::string path_of(const std::string& id) const;

  UniqueFd folder_;
};

enum class Attendance : std::uint8_t {
  own_terminal,  // nobody holds it: it runs where pawl run was started
  attached,      // held, and somebody has come back
  detached,      // held, and nobody looks at it
  unknown,       // its holder does not say
};
Attendance attendance(const HeldSessions& sessions, const std::string& id);

}  // namespace pawl::tools
