#include "supervisor/approval/orders.hpp"

namespace pawl::approval {

std::span<const std::string_view> words_of(OrderStage) {
  static constexpr std::string_view words[] = {"proposed", "order"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(OrderStage{})) + 1);
  return words;
}

}  // namespace pawl::approval
