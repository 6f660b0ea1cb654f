// One thing that an agent tries against its host. The same program tries it unconfined, where it has to work,
// and in a sandbox, where it must not.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace pawl::escape {

// What tests/escape/plants.py laid out on the host: secrets, a victim, sockets. Unknown names are empty.
class Plants {
 public:
  static Plants read(const char* file);
  bool empty() const { return values_.empty(); }
  const std::string& operator[](const std::string& name) const;
  int number(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

enum class Needs : unsigned char {
  user,  // anybody can do it unconfined
  root,  // only root can: as another user it is tried in the sandbox alone
};

// Unconfined, what the host does not have (a device, a key type) cannot be shown to work.
inline constexpr int kAbsent = -1;

struct Attempt {
  std::string_view name;
  Needs needs;
  int (*run)(const Plants&);  // 0: it worked; kAbsent; else an errno
};

struct Category {
  std::string_view name;
  std::span<const Attempt> attempts;
};

std::span<const Attempt> controls();  // these have to work in the sandbox, too
std::span<const Attempt> writable();  // these work where the role lets the agent write its workspace
std::span<const Attempt> protections();
std::span<const Attempt> credentials();
std::span<const Attempt> files();
std::span<const Attempt> processes();
std::span<const Attempt> namespaces();
std::span<const Attempt> kernel_surface();
std::span<const Attempt> sockets();
std::span<const Attempt> ipc();
std::span<const Attempt> proc_and_sys();
std::span<const Attempt> cgroups();
std::span<const Attempt> devices();
std::span<const Attempt> limits();
std::span<const Attempt> descriptors();

// Helpers of the attempts.

extern bool confined;
// By which this attempt's outcome is told: the one descriptor that is the probe's own.
extern int told_by;

inline int answer(long result) { return result < 0 ? errno : 0; }
// For calls that would do harm: given senseless arguments, they worked when the kernel looked at those.
// Unconfined, a kernel may be built without them.
inline int judged(long result) {
  if (result >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS)) return 0;
  return errno == ENOSYS && !confined ? kAbsent : errno;
}
// Whether the file holds the planted secret.
int finds(const std::string& path, const std::string& wanted);
int opens(const std::string& path, int flags);
// Unconfined, kAbsent where there is no such file.
int opens_if_there(const std::string& path, int flags);
// In a child; its way to end is its answer. A killed child is EFAULT.
int in_child(const std::function<int()>& work);
// As it is, and, where that is refused, in new namespaces of one's own making (with a user namespace unless
// it is root's). Unconfined only the latter: the host is not to be changed.
int in_new_namespaces(int flags, const std::function<int()>& work);

}  // namespace pawl::escape
