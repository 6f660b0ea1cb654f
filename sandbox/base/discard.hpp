// Closing descriptors that somebody else chose, without ever waiting for them: close() of a socket may block
// (SO_LINGER with unsent data), also of one that waits unread in another socket's queue. Runs wherever
// descriptors arrive, above all in the broker's only thread.
#pragma once

#include <vector>

#include "sandbox/base/unique_fd.hpp"

namespace pawl {

// Clears SO_LINGER where the descriptor is a socket; anything else is left as it is.
void forbid_linger(int descriptor);

bool is_socket(int descriptor);

// Takes everything out of a Unix socket (messages, and connections that wait to be accepted) with the
// descriptors in it, aborts other sockets, then closes. Nothing more can be queued meanwhile: the reading
// half is shut down first. Also for whoever shares the socket, so only for what nobody may use any more.
void discard(UniqueFd descriptor);
void discard(std::vector<UniqueFd> descriptors);

}  // namespace pawl
