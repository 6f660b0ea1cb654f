// What is said between the holder of a detached session and those who come to it (SOCK_SEQPACKET): one
// GuestMessage or HolderMessage a datagram. Both ends are pawl and the same person; the holder lets nobody
// else in, and an agent's sandbox does not see the socket. Keys and output do not go through it: they have a
// stream of their own.
//
// Life: a guest says attach; the holder answers attached, with the stream's other end, or refused. Before the
// guest makes its terminal raw it says guard, with the terminal, and release once it has put it back: the
// launcher does it where the guest cannot. leave, or just closing, goes; the session stays. The holder says
// stopped when the command was stopped (the guest goes on with proceed), taken_over when another guest came,
// and ended; the stream holds what the command wrote last.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/appeared.hpp"
#include "sandbox/base/bytes.hpp"
#include "sandbox/terminal_guard.hpp"

namespace pawl::tools {

enum class GuestSays : std::uint8_t {
  look,    // answered by seen, and closed
  attach,  // take, size
  resize,  // size
  guard,   // terminal; one descriptor
  release,
  signal,   // number: for the command
  proceed,  // a stopped command goes on
  leave,
};
constexpr GuestSays last_of(GuestSays) { return GuestSays::leave; }

enum class Take : std::uint8_t { free_seat, any_seat };  // any: from whoever has it
constexpr Take last_of(Take) { return Take::any_seat; }

struct GuestMessage {
  GuestSays kind = GuestSays::look;
  Take take = Take::free_seat;
  sandbox::TerminalSize size;
  sandbox::TerminalState terminal;
  std::uint32_t number = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.take, self.size, self.terminal, self.number);
  }
};

enum class HolderSays : std::uint8_t {
  seen,      // occupied
  attached,  // bytes: what was on the screen; one descriptor: the stream
  refused,   // somebody else is attached
  stopped,
  taken_over,
  ended,  // exit_code; text and remedy when pawl says it and not the command; appeared, changes
};
constexpr HolderSays last_of(HolderSays) { return HolderSays::ended; }

struct HolderMessage {
  HolderSays kind = HolderSays::seen;
  bool occupied = false;
  std::string bytes;
  std::int32_t exit_code = 0;
  std::string text;
  std::string remedy;
  sandbox::Appeared appeared;  // ended: in the workspace
  bool changes = false;        // the same: some were kept apart

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.occupied, self.bytes, self.exit_code, self.text, self.remedy, self.appeared,
            self.changes);
  }
};

}  // namespace pawl::tools
