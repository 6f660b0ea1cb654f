// What to say of a session whose changes wait for the person. Runs in pawl and pawl-cli.
#pragma once

#include <string>

namespace pawl::tools {

inline std::string kept_changes(const std::string& session) {
  const std::string id = session.substr(0, 12);
  return "pawl: the session's changes are kept: pawl diff " + id + ", pawl apply " + id + ", pawl discard " +
         id;
}

}  // namespace pawl::tools
