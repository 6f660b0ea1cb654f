#include "supervisor/approval/records.hpp"

namespace pawl::approval {

std::span<const std::string_view> words_of(Withdrawal) {
  static constexpr std::string_view words[] = {"killed", "revoked", "policy_changed", "preview_changed"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(Withdrawal{})) + 1);
  return words;
}

}  // namespace pawl::approval
