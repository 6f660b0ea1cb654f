// Why a host refuses a layer, and what exactly mends it: one table for `pawl doctor` and for a failing
// launch, so that both say the same. Pure: from the layer, the errno of the refusal and the evidence. Runs in
// the launcher, in `pawl run`, in `pawl doctor` and in pawl-probe.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"
#include "sandbox/host_evidence.hpp"
#include "sandbox/host_layer.hpp"

namespace pawl::sandbox {

struct Diagnosis {
  std::string cause;
  std::string remedy;  // both empty: nothing that is known here explains it
  explicit operator bool() const { return !cause.empty(); }
  // One line for Error::remedy: cause, remedy, and where to learn more. A cause has no semicolon.
  std::string advice() const;
  // Back from such a line; of another text, the whole is the remedy.
  static Diagnosis of_advice(std::string_view line);
};

Diagnosis diagnose(Layer layer, int errnum, const HostEvidence& evidence);

// The same for a failed system call of the calling process, which looks at its host now: what Error::remedy
// says.
std::string advise(Layer layer, int errnum);
std::string advise(Layer layer, int errnum, const HostEvidence& evidence);

// Gives a failure of that layer its advice, unless it has one already or pawl itself refused.
template <class T>
Result<T> explained(Layer layer, Result<T> result) {
  if (result || result.error().errnum == 0 || !result.error().remedy.empty()) return result;
  Error error = std::move(result).error();
  const std::string what_to_do = advise(layer, error.errnum);
  return std::unexpected(std::move(error).advising(what_to_do));
}

}  // namespace pawl::sandbox
