#include "tools/held_sessions.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "sandbox/base/codec.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/hold_protocol.hpp"

namespace pawl::tools {
namespace {

constexpr std::string_view kSuffix = ".sock";
constexpr std::size_t kShortestPrefix = 8;
constexpr time_t kYoung = 60;  // seconds: a socket may be bound and not listening yet
constexpr std::chrono::milliseconds kLookTime{500};

// mkdir -p; what lies above the folder itself is the person's to arrange, symlinks included.
Result<> make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + part);
    if (slash == std::string::npos) return {};
  }
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<HeldSessions> HeldSessions::open() {
  const std::string path = TRY(wire::held_sessions());
  TRY(make_folders(path));
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed("open directory " + path);
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) return failed("look at directory " + path);
  if (status.st_uid != ::geteuid())
    return refuse("directory " + path + " belongs to uid " + std::to_string(status.st_uid),
                  "move it away; pawl makes a new one");
  // SAFETY: whoever may connect there sees the session and types into it.
  if ((status.st_mode & 077) != 0 && ::fchmod(folder.get(), 0700) != 0) return failed("chmod " + path);
  return HeldSessions(std::move(folder));
}

// By the open folder, so that neither a long home nor a changed path matters.
std::string HeldSessions::path_of(const std::string& id) const {
  return "/proc/self/fd/" + std::to_string(folder_.get()) + "/" + id + std::string(kSuffix);
}

Result<std::vector<std::string>> HeldSessions::list() const {
  const int copy = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (!folder) return failed("list the detached sessions");
  std::vector<std::string> ids;
  while (const dirent* entry = ::readdir(folder.get())) {
    std::string_view name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    if (is_id(name)) ids.emplace_back(name);
  }
  std::ranges::sort(ids);
  return ids;
}

Result<std::string> HeldSessions::find(const std::string& prefix) const {
  if (prefix.size() < kShortestPrefix || !is_id(prefix))
    return refuse("a session's id has at least 8 hexadecimal digits", "see: pawl sessions");
  std::vector<std::string> ids = TRY(list());
  std::erase_if(ids, [&](const std::string& id) { return !id.starts_with(prefix); });
  if (ids.size() > 1) return refuse("several sessions begin with " + prefix, "give more digits");
  if (ids.empty())
    return refuse(
        "no session " + prefix + " of yours is detached",
        "pawl sessions lists them; one that runs in another terminal is detached by its keys there");
  return std::move(ids.front());
}

Result<Channel> HeldSessions::connect(const std::string& id) const {
  Channel channel = TRY(Channel::connect(path_of(id)));
  const PeerIdentity holder = TRY(channel.peer());
  if (holder.uid != ::geteuid())
    return refuse(
        "session " + id.substr(0, 12) + " is held by uid " + std::to_string(holder.uid) + " and not by you",
        "remove its socket from ~/.local/state/pawl/held");
  return channel;
}

Result<UniqueFd> HeldSessions::listen(const std::string& id) const { return listen_at(path_of(id), 0600); }

void HeldSessions::remove(const std::string& id) const {
  ::unlinkat(folder_.get(), (id + std::string(kSuffix)).c_str(), 0);
}

void HeldSessions::remove_dead() const {
  const auto ids = list();
  if (!ids) return;
  for (const std::string& id : *ids) {
    struct stat status{};
    if (::fstatat(folder_.get(), (id + std::string(kSuffix)).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_mtime + kYoung > ::time(nullptr))
      continue;
    const auto channel = Channel::connect(path_of(id));
    if (!channel && channel.error().errnum == ECONNREFUSED) remove(id);
  }
}

Attendance attendance(const HeldSessions& sessions, const std::string& id) {
  const auto channel = sessions.connect(id);
  if (!channel) {
    const int errnum = channel.error().errnum;
    return errnum == ENOENT || errnum == ECONNREFUSED ? Attendance::own_terminal : Attendance::unknown;
  }
  if (!channel->send(codec::encode(GuestMessage{}))) return Attendance::unknown;
  const auto packet = channel->receive_within(kLookTime);
  if (!packet || !*packet) return Attendance::unknown;
  const auto answer = codec::decode<HolderMessage>((*packet)->bytes);
  if (!answer || answer->kind != HolderSays::seen) return Attendance::unknown;
  return answer->occupied ? Attendance::attached : Attendance::detached;
}

}  // namespace pawl::tools
