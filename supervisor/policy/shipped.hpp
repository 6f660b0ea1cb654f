// The texts of policies/, as the build compiled them in (embed_texts.py). Pure data.
#pragma once

#include <span>
#include <string_view>

namespace pawl::policy {

struct ShippedText {
  std::string_view name;  // relative to policies/: "roles/coder.toml", "embedded/people.toml.in"
  std::string_view text;
};

std::span<const ShippedText> shipped_texts();

}  // namespace pawl::policy
