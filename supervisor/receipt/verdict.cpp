#include "supervisor/receipt/verdict.hpp"

namespace pawl::receipt {

std::span<const std::string_view> words_of(Verdict) {
  static constexpr std::string_view words[] = {"approve", "deny"};
  return words;
}

}  // namespace pawl::receipt
