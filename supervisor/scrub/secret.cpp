#include "supervisor/scrub/secret.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace pawl::scrub {

Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  void* pages = ::mmap(nullptr, text.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  // Where RLIMIT_MEMLOCK is used up the secret may reach swap, as the TLS library's buffers may anyway.
  ::mlock(pages, text.size());
  ::madvise(pages, text.size(), MADV_DONTDUMP);
  data_ = static_cast<char*>(pages);
  size_ = text.size();
  std::ranges::copy(text, data_);
}

Secret Secret::take(std::string& text) {
  Secret secret(text);
  wipe(text);
  return secret;
}

Secret::~Secret() {
  if (data_ == nullptr) return;
  ::explicit_bzero(data_, size_);
  ::munmap(data_, size_);
}

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

void wipe(Bytes& bytes) {
  ::explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace pawl::scrub
