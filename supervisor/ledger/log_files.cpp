#include "supervisor/ledger/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/ledger/entry.hpp"

namespace pawl::ledger {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kMaxBundleBytes = kTileWidth * (kLengthBytes + kMaxEntryBytes);

// C2SP: three digits an element, all but the last with an "x" before them.
std::string numbered(std::uint64_t number) {
  const auto three = [](std::uint64_t part) {
    const std::string digits = std::to_string(part);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string path = three(number % 1000);
  while ((number /= 1000) > 0) path = "x" + three(number % 1000) + "/" + path;
  return path;
}

Result<std::string> read_all(int directory, const std::string& path, std::size_t most) {
  const UniqueFd file(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return failed("open " + path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failed("look at " + path);
  if (!S_ISREG(status.st_mode)) return refuse(path + " is no file");
  if (static_cast<std::uint64_t>(status.st_size) > most) return refuse(path + " is too long");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got =
        ::pread(file.get(), text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read " + path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

}  // namespace

std::string entries_path(std::uint64_t number) { return "tile/entries/" + numbered(number); }

std::string hashes_path(unsigned level, std::uint64_t number) {
  return "tile/" + std::to_string(level) + "/" + numbered(number);
}

std::string partial_suffix(std::uint64_t width) { return ".p/" + std::to_string(width); }

std::string write_record(std::string_view line) {
  std::string record;
  record.reserve(kLengthBytes + line.size());
  record += static_cast<char>(line.size() >> 8);
  record += static_cast<char>(line.size() & 0xff);
  record += line;
  return record;
}

Records split_records(std::string_view bytes) {
  Records records;
  while (records.lines.size() < kTileWidth && bytes.size() - records.whole >= kLengthBytes) {
    const std::string_view rest = bytes.substr(records.whole);
    const std::size_t length =
        std::size_t{static_cast<unsigned char>(rest[0])} << 8 | static_cast<unsigned char>(rest[1]);
    // An entry is never empty: zeros are what a file system leaves where data was lost.
    if (length == 0 || rest.size() - kLengthBytes < length) break;
    records.lines.push_back(rest.substr(kLengthBytes, length));
    records.whole += kLengthBytes + length;
  }
  return records;
}

Result<LogFiles> LogFiles::open(const std::string& directory) {
  UniqueFd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return failed("open log " + directory);
  return LogFiles(std::move(opened));
}

bool LogFiles::has_bundle(std::uint64_t number) const {
  return ::faccessat(directory_.get(), entries_path(number).c_str(), F_OK, 0) == 0;
}

std::uint64_t LogFiles::count_bundles() const {
  std::uint64_t step = 1;
  while (step < kMaxLogSize && has_bundle(step - 1)) step *= 2;
  // Between step/2 (there are that many, or none) and step.
  std::uint64_t low = step / 2, high = step;
  while (low + 1 < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    (has_bundle(middle - 1) ? low : high) = middle;
  }
  return low;
}

Result<std::string> LogFiles::read_bundle(std::uint64_t number, std::optional<std::uint64_t> width) const {
  auto whole = read_all(directory_.get(), entries_path(number), kMaxBundleBytes);
  if (whole || !width || whole.error().errnum != ENOENT) return whole;
  return read_all(directory_.get(), entries_path(number) + partial_suffix(*width), kMaxBundleBytes);
}

Result<std::vector<Digest>> LogFiles::read_hashes(unsigned level, std::uint64_t number,
                                                  std::uint64_t count) const {
  return read_hashes(hashes_path(level, number), count);
}

Result<std::vector<Digest>> LogFiles::read_hashes(const std::string& path, std::uint64_t count) const {
  const std::string bytes = TRY(read_all(directory_.get(), path, kTileWidth * sizeof(Digest)));
  if (bytes.size() < count * sizeof(Digest)) return refuse(path + " is too short");
  std::vector<Digest> hashes(count);
  for (std::size_t i = 0; i < count; ++i)
    std::ranges::copy(as_bytes(bytes).subspan(i * sizeof(Digest), sizeof(Digest)), hashes[i].begin());
  return hashes;
}

Result<std::string> LogFiles::read_text(const std::string& name, std::size_t most) const {
  return read_all(directory_.get(), name, most);
}

}  // namespace pawl::ledger
