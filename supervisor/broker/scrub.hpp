// Takes a secret's value out of what an action printed, before anyone sees or keeps it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pawl::broker {

struct Scrubbed {
  std::string name;        // what stands in its place: "[secret NAME]"
  std::string_view value;  // at least 4 bytes, else it is left alone: too short to be told from text
};

// In every spelling that scrub::SecretFinder knows.
std::string scrub(std::string text, const std::vector<Scrubbed>& secrets);

}  // namespace pawl::broker
