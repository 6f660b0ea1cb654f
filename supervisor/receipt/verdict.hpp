// What a reviewer says, and the SSHSIG namespace that a signature over it must carry: the verb is signed
// twice, so that an approval can never be read as a denial or the other way round.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pawl::receipt {

enum class Verdict : std::uint8_t { approve, deny };
constexpr Verdict last_of(Verdict) { return Verdict::deny; }
std::span<const std::string_view> words_of(Verdict);

inline constexpr std::string_view kApproveNamespace = "approve.v1@pawl";
inline constexpr std::string_view kDenyNamespace = "deny.v1@pawl";

constexpr std::string_view namespace_of(Verdict verdict) {
  return verdict == Verdict::approve ? kApproveNamespace : kDenyNamespace;
}

}  // namespace pawl::receipt
