#include "supervisor/ledger/log_key.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::ledger {
namespace {

constexpr const char* kNewName = "log.key.new";

Result<receipt::LogSigner> make_key(int directory, const std::string& origin, Disk& disk) {
  receipt::LogSigner signer = TRY(receipt::LogSigner::generate(origin));
  const UniqueFd file(
      ::openat(directory, kNewName, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("make the log's key");
  std::string text = signer.text() + "\n";
  const auto written = write_all(disk, file.get(), as_bytes(text), 0);
  ::explicit_bzero(text.data(), text.size());
  TRY_DURING("the log's key", written);
  if (disk.sync_all(file.get()) != 0) return failed("sync the log's key");
  if (disk.rename_in(directory, kNewName, kLogKeyName) != 0) return failed("name the log's key");
  if (disk.sync_all(directory) != 0) return failed("sync the state directory");
  return signer;
}

}  // namespace

Result<receipt::LogSigner> open_log_key(int directory, const std::string& origin, Disk& disk) {
  const UniqueFd file(::openat(directory, kLogKeyName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return make_key(directory, origin, disk);
  if (!file) return failed("open the log's key");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed("look at the log's key");
  if (status.st_uid != ::geteuid() || (status.st_mode & 0077) != 0)
    return refuse("the log's key " + std::string(kLogKeyName) + " is not the broker's alone",
                  "chown it to the broker's user and chmod it 0600; if others could read it, move it away: "
                  "the log then gets a new one");
  std::array<char, 1024> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  if (got < 0) return failed("read the log's key");
  std::string_view line(text.data(), static_cast<std::size_t>(got));
  if (line.ends_with('\n')) line.remove_suffix(1);
  auto signer = receipt::LogSigner::parse(line);
  ::explicit_bzero(text.data(), text.size());
  if (!signer)
    return std::unexpected(std::move(signer)
                               .error()
                               .during(kLogKeyName)
                               .advising("put it back from a copy; without one move it away: the log then "
                                         "gets a new key, and what waits is "
                                         "void"));
  return signer;
}

}  // namespace pawl::ledger
