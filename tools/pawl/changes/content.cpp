#include "tools/pawl/changes/content.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "supervisor/receipt/digest.hpp"

namespace pawl::changes {
namespace {

constexpr std::size_t kPiece = 128 * 1024;
constexpr std::size_t kBinaryLook = 8000;

// As much as fits; less only at the end.
Result<std::size_t> read_piece(const UniqueFd& file, char* bytes, std::size_t size, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(file.get(), bytes + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read a file");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

}  // namespace

Result<bool> same_content(const UniqueFd& one, const UniqueFd& other) {
  std::string left(kPiece, '\0');
  std::string right(kPiece, '\0');
  for (std::uint64_t offset = 0;; offset += kPiece) {
    const std::size_t first = TRY(read_piece(one, left.data(), kPiece, offset));
    const std::size_t second = TRY(read_piece(other, right.data(), kPiece, offset));
    if (first != second || std::memcmp(left.data(), right.data(), first) != 0) return false;
    if (first < kPiece) return true;
  }
}

Result<Digest> digest_of(const UniqueFd& file) {
  receipt::Sha256 hash;
  std::string bytes(kPiece, '\0');
  for (std::uint64_t offset = 0;; offset += kPiece) {
    const std::size_t got = TRY(read_piece(file, bytes.data(), kPiece, offset));
    hash.update(as_bytes({bytes.data(), got}));
    if (got < kPiece) return hash.finish();
  }
}

Result<std::string> read_up_to(const UniqueFd& file, std::size_t limit) {
  std::string text(limit, '\0');
  text.resize(TRY(read_piece(file, text.data(), limit, 0)));
  return text;
}

bool is_binary(std::string_view text) {
  return text.substr(0, kBinaryLook).find('\0') != std::string_view::npos;
}

}  // namespace pawl::changes
