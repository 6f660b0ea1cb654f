// What pawl-probe answers on its descriptor 3: one datagram. Read by `pawl doctor`.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/base/bytes.hpp"

namespace pawl::probe {

inline constexpr int kReportFd = 3;
inline constexpr char kProgram[] = "pawl-probe";

enum class Verdict : std::uint8_t {
  holds,    // it was enforced, and an attack on it failed
  refused,  // the host does not give it
  broken,   // it was given, and an attack got through
  nothing,  // there is nothing that it would have to hold on this host
};
constexpr Verdict last_of(Verdict) { return Verdict::nothing; }

struct Report {
  Verdict verdict = Verdict::refused;
  std::string cause;   // empty when it holds
  std::string remedy;  // may be empty

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.verdict, self.cause, self.remedy);
  }
};

}  // namespace pawl::probe
