// Messages and parts that both the people's and the agent's conversation use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/wire/types.hpp"

namespace pawl::wire {

enum class FailureKind : std::uint8_t {
  failed,   // tried, did not work
  usage,    // the ask itself makes no sense
  refused,  // policy says no
  expired,
  invalid_policy,
  not_found,  // no such id, or a prefix that fits several
  busy,       // a rate or size limit; try again later
};
constexpr FailureKind last_of(FailureKind) { return FailureKind::busy; }

struct Failure {
  static constexpr Type type = Type::failure;
  FailureKind kind = FailureKind::failed;
  std::string text;    // one line, ready to be shown
  std::string remedy;  // may be empty

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.text, self.remedy);
  }
};

struct Done {
  static constexpr Type type = Type::done;
  template <class Self, class Archive>
  static void fields(Self&, Archive&) {}
};

struct NamedValue {
  std::string name;
  std::string value;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.value);
  }
};

enum class RequestState : std::uint8_t {
  pending,
  approved,
  executing,
  done,  // ran; exit_code says how it went
  denied,
  expired,
  voided,
  indeterminate,  // begun, and nobody knows how it ended; never run again by itself
  released,       // a gate's: approved and burned; its receipt lets a pipeline act, once
};
constexpr RequestState last_of(RequestState) { return RequestState::released; }
constexpr bool is_final(RequestState state) { return state >= RequestState::done; }

}  // namespace pawl::wire
