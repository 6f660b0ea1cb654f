#include "supervisor/broker/pinned.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include "supervisor/policy/trusted_file.hpp"
#include "supervisor/receipt/digest.hpp"

namespace pawl::broker {
namespace {

constexpr std::uint64_t kMaxExecutable = 512ull * 1024 * 1024;  // bytes

// The real path first (alternatives are links), then that path by descriptors: each step of it is checked.
Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) return failed("find the program " + path);
  return std::string(resolved.get());
}

Result<Digest> hash_of(int file, std::uint64_t size) {
  receipt::Sha256 hash;
  std::array<std::uint8_t, 64 * 1024> buffer;
  std::uint64_t offset = 0;
  while (offset < size) {
    const ssize_t got = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0) return failed("read");
    if (got == 0) return refuse("became shorter while it was read");
    hash.update(ByteSpan(buffer).first(static_cast<std::size_t>(got)));
    offset += static_cast<std::uint64_t>(got);
  }
  return hash.finish();
}

}  // namespace

Result<PinnedExecutable> pin_executable(const std::string& path, uid_t owner) {
  PinnedExecutable pinned;
  pinned.path = TRY(real_path(path));
  const std::size_t slash = pinned.path.rfind('/');
  const policy::Trust trust{owner};
  const UniqueFd directory =
      TRY_DURING("program " + path,
                 policy::open_trusted_directory(slash == 0 ? "/" : pinned.path.substr(0, slash), trust));
  pinned.file = TRY_DURING("program " + path,
                           policy::open_trusted_file(directory.get(), pinned.path.substr(slash + 1), trust));
  struct stat status{};
  if (::fstat(pinned.file.get(), &status) != 0) return failed("look at " + pinned.path);
  if ((status.st_mode & 0111) == 0) return refuse("program " + pinned.path + " is not executable");
  pinned.size = static_cast<std::uint64_t>(status.st_size);
  if (pinned.size > kMaxExecutable) return refuse("program " + pinned.path + " is larger than 512 MiB");
  pinned.sha256 = TRY_DURING("program " + pinned.path, hash_of(pinned.file.get(), pinned.size));
  return pinned;
}

}  // namespace pawl::broker
