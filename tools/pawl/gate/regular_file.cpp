#include "tools/pawl/gate/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "sandbox/base/write_all.hpp"
#include "supervisor/receipt/digest.hpp"

namespace pawl::gate {
namespace {

Result<std::size_t> read_some(int file, std::span<std::uint8_t> buffer) {
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return failed("read");
  }
}

}  // namespace

Result<UniqueFd> open_regular(const std::string& path, Links links) {
  // O_NONBLOCK: a FIFO is refused below and must not hold us here.
  const int follow = links == Links::refused ? O_NOFOLLOW : 0;
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | follow));
  if (!file && errno == ELOOP && links == Links::refused)
    return refuse(path + " is a symbolic link", "name the file that it leads to");
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failed("read " + path);
  if (!S_ISREG(status.st_mode)) return refuse(path + " is not a regular file");
  return file;
}

Result<std::string> read_regular(const std::string& path, std::size_t limit) {
  const UniqueFd file = TRY(open_regular(path, Links::followed));
  std::string text;
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (;;) {
    const std::size_t got = TRY_DURING(path, read_some(file.get(), buffer));
    if (got == 0) return text;
    if (got > limit - text.size()) return refuse(path + " has more than " + std::to_string(limit) + " bytes");
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
}

Result<Measured> measure(int file, int copy) {
  receipt::Sha256 hash;
  Measured measured;
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (;;) {
    const std::size_t got = TRY(read_some(file, buffer));
    if (got == 0) break;
    const ByteSpan piece = ByteSpan(buffer).first(got);
    hash.update(piece);
    measured.size += got;
    if (copy >= 0 && measured.size > kMaxCopy) return refuse("it has more than 256 MiB");
    if (copy >= 0) TRY(write_all(copy, as_text(piece)));
  }
  measured.sha256 = hash.finish();
  return measured;
}

}  // namespace pawl::gate
