// A secret in memory: move-only, locked, left out of core dumps, wiped. It has no formatter and no copy.
// Runs in pawl-egress, for as long as one request is forwarded, and in pawld.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "sandbox/base/bytes.hpp"

namespace pawl::scrub {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  // Takes the text over and wipes where it was.
  static Secret take(std::string& text);
  Secret(Secret&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Secret();

  std::string_view reveal() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }

 private:
  char* data_ = nullptr;  // own pages: unlocking one secret must not unlock another
  std::size_t size_ = 0;
};

// Overwrites, so that the compiler cannot leave it out, and empties.
void wipe(std::string& text);
void wipe(Bytes& bytes);

}  // namespace pawl::scrub
