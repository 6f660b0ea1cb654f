// The overlay of a workspace, and the folders of state and sockets. Runs in pawl-probe.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

bool is_there(const char* path) { return ::access(path, F_OK) == 0; }

Result<> make_file(const char* path) {
  const UniqueFd file(::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), "before", 6) != 6) return failed(std::string("make ") + path);
  return {};
}

Result<> prepare_layers() {
  for (const char* folder : {"lower", "lower/folder", "upper", "work", "merged"})
    if (::mkdir(folder, 0700) != 0 && errno != EEXIST) return failed(std::string("make ") + folder);
  TRY(make_file("lower/file"));
  return make_file("lower/folder/old");
}

// What agents do to a workspace: change, delete, and put a new folder in the place of an old one, which the
// upper layer can only note in an extended attribute.
Result<> change_everything() {
  const UniqueFd file(::open("merged/file", O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file || ::write(file.get(), "after", 5) != 5) return failed("write through an overlay");
  if (::unlink("merged/folder/old") != 0 || ::rmdir("merged/folder") != 0)
    return failed("delete a folder through an overlay");
  if (::mkdir("merged/folder", 0700) != 0) return failed("make a folder anew through an overlay");
  if (is_there("merged/folder/old"))
    return failed("keep what was deleted from coming back (extended attributes)", EOPNOTSUPP);
  return {};
}

}  // namespace

Result<> try_overlay(const Ground& ground) {
  TRY(prepare_layers());
  TRY(in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    if (::mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV,
                "userxattr,lowerdir=lower,upperdir=upper,workdir=work") != 0)
      return failed("mount an overlay");
    if (!is_there("merged/file"))
      return got_through("an overlay was mounted, and shows nothing of its layers");
    return change_everything();
  }));
  struct stat kept{};
  if (::stat("lower/file", &kept) != 0 || kept.st_size != 6 || !is_there("lower/folder/old"))
    return got_through("a change through an overlay reached the folder below it");
  return {};
}

Result<> try_state_directory(const Ground&) {
  // The folder is the person's, and so is whatever is in it: ours has a name that nothing has.
  std::string name = ".pawl-probe-XXXXXX";
  const UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return failed("make a file there");
  constexpr std::string_view line = "written by pawl doctor\n";
  const bool written = ::write(file.get(), line.data(), line.size()) > 0 && ::fsync(file.get()) == 0;
  const int errnum = errno;
  std::string kept(line.size(), '\0');
  const bool same =
      ::pread(file.get(), kept.data(), kept.size(), 0) == static_cast<ssize_t>(line.size()) && kept == line;
  ::unlink(name.c_str());
  if (!written) return failed("write and sync a file there", errnum);
  if (!same) return got_through("a file there was written and synced, and does not hold what was written");
  return {};
}

Result<> try_socket_directory(const Ground& ground) {
  // By its path, as people's programs find it: its length counts. Whatever has that name would be removed.
  const std::string path = ground.place + "/.pawl-probe-" + std::to_string(::getpid()) + ".sock";
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) return failed("use the path " + path, ENAMETOOLONG);
  const UniqueFd server = TRY(listen_at(path, 0600));
  const auto client = Channel::connect(path);
  ::unlink(path.c_str());
  if (!client) return std::unexpected(client.error());
  // The kernel queues a connection before connect(2) returns: there is nothing to wait for.
  pollfd queued{server.get(), POLLIN, 0};
  if (::poll(&queued, 1, 0) != 1)
    return got_through("connecting to a socket there succeeded, and led nowhere");
  const Channel served{UniqueFd(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC))};
  const auto peer = served.peer();
  if (!peer || peer->pid != ::getpid()) return got_through("a socket there was reached by somebody else");
  return {};
}

}  // namespace pawl::probe
