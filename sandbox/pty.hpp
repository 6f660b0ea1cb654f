// A terminal of the sandbox's own devpts instance, made by the child: the host's terminals stay out of reach,
// and its only link to the outside is the master that is handed out. Usable between clone and exec. Runs in
// the child.
#pragma once

namespace pawl::sandbox {

struct Terminal {
  int master = -1;
  int slave = -1;
};

// `multiplexer` is the ptmx of that instance. 0 or an errno; both descriptors are CLOEXEC.
int open_terminal(const char* multiplexer, Terminal& terminal) noexcept;
// Makes it the controlling terminal of the calling session leader; 0 or an errno.
int take_control(int terminal) noexcept;
// Sends one descriptor with a one-byte message on a SOCK_SEQPACKET socket; 0 or an errno.
int hand_out(int socket, char tag, int descriptor) noexcept;

}  // namespace pawl::sandbox
