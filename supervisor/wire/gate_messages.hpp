// The part of the people's conversation (people_messages.hpp) in which a person asks for something on their
// own, without a session: the release of a gate to a pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/wire/people_messages.hpp"

namespace pawl::wire {

// Descriptors: one for each input, in order, opened with the person's own rights.
struct ProposeGate {
  static constexpr Type type = Type::propose_gate;
  std::string role;
  std::string gate;
  std::string subject;  // "git:" and a full commit id
  std::vector<std::string> argv;
  std::vector<std::string> inputs;  // names, in ascending order
  std::string why;                  // at most 280 characters

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.role, self.gate, self.subject, self.argv, self.inputs, self.why);
  }
};

// Answers ProposeGate at once, and AwaitProposal when the request is final or the wait is over.
struct Proposal {
  static constexpr Type type = Type::proposal;
  RequestInfo info;
  bool joined = false;  // the same was asked for before and waits still

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.info, self.joined);
  }
};

// Waits up to `wait` milliseconds (at most 60,000).
struct AwaitProposal {
  static constexpr Type type = Type::await_proposal;
  std::string id;  // or a unique prefix of at least 8
  std::uint32_t wait = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.wait);
  }
};

}  // namespace pawl::wire
