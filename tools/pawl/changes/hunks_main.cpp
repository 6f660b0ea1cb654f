// pawl-hunks: says which lines of two texts differ. Started by pawl-cli with one socket as its standard input
// and no environment; it gives up everything but reading and writing that socket before it sees the first
// text, which is the agent's. libgit2 compares: its xdiff has the bounds that hostile texts need. No
// repository and no configuration is involved, and none could be opened.
#include <git2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "sandbox/seccomp_filter.hpp"
#include "sandbox/seccomp_profile.hpp"
#include "tools/pawl/changes/compare.hpp"

namespace {

using pawl::changes::ComparisonHead;
using pawl::changes::Range;
using namespace pawl::sandbox;

constexpr rlim_t kSeconds = 60;           // of CPU
constexpr rlim_t kMemory = 1024ul << 20;  // bytes

bool give_everything_up() {
  const rlimit seconds{kSeconds, kSeconds};
  const rlimit memory{kMemory, kMemory};
  if (::setrlimit(RLIMIT_CPU, &seconds) != 0 || ::setrlimit(RLIMIT_DATA, &memory) != 0) return false;
  const auto filter = compile_filter(kHunksProfile);
  if (!filter) return false;
  const sock_fprog program{static_cast<unsigned short>(filter->size()),
                           const_cast<sock_filter*>(filter->data())};
  // SAFETY: this process only gets less; it is single-threaded.
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

bool read_all(void* bytes, std::size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = ::read(0, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(0, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// With no context a hunk is one range; an empty side is numbered by the line before it.
int take_hunk(const git_diff_delta*, const git_diff_hunk* hunk, void* list) {
  const auto from = [](int start, int count) {
    return static_cast<std::uint32_t>(count == 0 ? start : start - 1);
  };
  static_cast<std::vector<Range>*>(list)->push_back(
      {from(hunk->old_start, hunk->old_lines), static_cast<std::uint32_t>(hunk->old_lines),
       from(hunk->new_start, hunk->new_lines), static_cast<std::uint32_t>(hunk->new_lines)});
  return 0;
}

bool compare(const std::string& old_text, const std::string& new_text, std::vector<Range>& ranges) {
  git_diff_options options;
  if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) != 0) return false;
  options.context_lines = 0;
  options.interhunk_lines = 0;
  options.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;
  return git_diff_buffers(old_text.data(), old_text.size(), nullptr, new_text.data(), new_text.size(),
                          nullptr, &options, nullptr, nullptr, take_hunk, nullptr, &ranges) == 0;
}

}  // namespace

int main() {
  if (git_libgit2_init() < 0 || !give_everything_up()) return 1;
  for (;;) {
    ComparisonHead head;
    if (!read_all(&head, sizeof(head))) return 0;
    if (head.old_size > pawl::changes::kMaxText || head.new_size > pawl::changes::kMaxText) return 1;
    std::string old_text(head.old_size, '\0');
    std::string new_text(head.new_size, '\0');
    if (!read_all(old_text.data(), old_text.size()) || !read_all(new_text.data(), new_text.size())) return 1;
    std::vector<Range> ranges;
    if (!compare(old_text, new_text, ranges)) return 1;
    const auto count = static_cast<std::uint32_t>(ranges.size());
    if (!write_all(&count, sizeof(count)) || !write_all(ranges.data(), ranges.size() * sizeof(Range)))
      return 1;
  }
}
