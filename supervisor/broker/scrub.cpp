#include "supervisor/broker/scrub.hpp"

#include "supervisor/scrub/secret_finder.hpp"

namespace pawl::broker {

// The function's name hides the namespace's.
namespace finding = pawl::scrub;

std::string scrub(std::string text, const std::vector<Scrubbed>& secrets) {
  for (const Scrubbed& secret : secrets) {
    const finding::SecretFinder finder(secret.value);
    const std::string mark = "[secret " + secret.name + "]";
    std::string clean;
    std::size_t from = 0;
    while (const auto found = finder.find(text, from, finding::End::closed)) {
      clean.append(text, from, found->begin - from).append(mark);
      from = found->end;
    }
    text = clean.append(text, from);
  }
  return text;
}

}  // namespace pawl::broker
