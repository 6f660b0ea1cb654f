// What stands on descriptors 0, 1 and 2 of `pawl run`, and how each reaches the command. Runs in pawl.
#pragma once

#include <array>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/wire/people_messages.hpp"

namespace pawl::run {

using StreamKinds = std::array<wire::StandardStream, 3>;

// Terminals are terminals, /dev/null and closed descriptors are null, everything else is a stream.
StreamKinds stream_kinds();

// A descriptor for the command, and the end that pawl run relays itself.
struct HandedStream {
  UniqueFd handed;
  UniqueFd relayed;
};
// For descriptor `number`. All goes through a fresh pipe (a file, a socket, a device, also a pipe), so that
// the command gets no open file of the host, whose offset, locks and path it could use: /proc/self/fd opens a
// pipe again, in the other direction too.
Result<HandedStream> hand_stream(int number);

// Whether output and errors go to one open file (`> FILE 2>&1`), where their order counts.
bool errors_follow_output();

}  // namespace pawl::run
