// The MCP server on a pair of byte streams: one JSON-RPC message a line. Runs in the sandbox.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"

namespace pawl::agent::mcp {

struct Streams {
  std::string socket;  // the broker's
  int in = 0;
  int out = 1;
};

// Until the client closes its end. Calls that are under way then get a moment to finish.
Result<> serve(const Streams& streams);

}  // namespace pawl::agent::mcp
