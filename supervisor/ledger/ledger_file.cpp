#include "supervisor/ledger/ledger_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <optional>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::ledger {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::string_view kDamageRemedy =
    "the ledger was changed or the disk is damaged; restore it from a copy and look into it before starting "
    "again";

// Appends the next chunk at `offset`; false at the end of the file.
Result<bool> read_more(int file, std::string& buffer, std::uint64_t offset) {
  const std::size_t before = buffer.size();
  buffer.resize(before + kChunk);
  ssize_t got = 0;
  do got = ::pread(file, buffer.data() + before, kChunk, static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed("read ledger");
  buffer.resize(before + static_cast<std::size_t>(got));
  return got > 0;
}

class Scanner {
 public:
  Scanner(int file, const std::function<Result<>(const Entry&, std::uint64_t)>& each)
      : file_(file), each_(each) {}

  Result<Scan> run() {
    std::string buffer;
    while (TRY(read_more(file_, buffer, scan_.whole + buffer.size()))) {
      TRY(take_lines(buffer));
      if (buffer.size() >= kMaxEntryBytes)
        return refuse("ledger: what follows entry " + where() + " is no record", std::string(kDamageRemedy));
    }
    scan_.torn = buffer.size();
    return scan_;
  }

 private:
  std::string where() const { return last_ ? std::to_string(last_->index) : "(none)"; }

  // Takes the whole lines off the front of the buffer.
  Result<> take_lines(std::string& buffer) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = buffer.find('\n', begin)) != std::string::npos; begin = end + 1)
      TRY(take_line(std::string_view(buffer).substr(begin, end - begin)));
    buffer.erase(0, begin);
    return {};
  }

  Result<> take_line(std::string_view line) {
    auto entry = read_entry(line);
    if (!entry) return damaged(std::move(entry).error());
    if (auto in_order = follows(*entry, last_ ? &*last_ : nullptr); !in_order)
      return damaged(std::move(in_order).error());
    TRY(each_(*entry, scan_.whole));
    scan_.whole += line.size() + 1;
    last_ = *std::move(entry);
    return {};
  }

  std::unexpected<Error> damaged(Error error) const {
    return std::unexpected(std::move(error).during("ledger: after entry " + where()).advising(kDamageRemedy));
  }

  int file_;
  const std::function<Result<>(const Entry&, std::uint64_t)>& each_;
  Scan scan_;
  std::optional<Entry> last_;
};

}  // namespace

Result<Scan> scan_ledger(int file, const std::function<Result<>(const Entry&, std::uint64_t)>& each) {
  return Scanner(file, each).run();
}

Result<std::vector<Entry>> read_ledger_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return failed("open ledger " + path);
  std::vector<Entry> entries;
  const Scan scan = TRY(scan_ledger(file.get(), [&](const Entry& entry, std::uint64_t) -> Result<> {
    entries.push_back(entry);
    return {};
  }));
  if (scan.torn != 0) return refuse("ledger " + path + ": its last record is unfinished");
  return entries;
}

}  // namespace pawl::ledger
