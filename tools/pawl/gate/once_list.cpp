#include "tools/pawl/gate/once_list.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/base/write_all.hpp"

namespace pawl::gate {
namespace {

Result<UniqueFd> open_list(const std::string& directory) {
  UniqueFd list(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status{};
  if (!list || ::fstat(list.get(), &status) != 0) return failed("open the burned list " + directory);
  if ((status.st_mode & S_IWOTH) != 0)
    return refuse("the burned list " + directory + " can be changed by everybody", "chmod o-w " + directory);
  return list;
}

Result<> write_mark(int list, int mark, std::string_view text) {
  TRY(write_all(mark, text));
  if (::fsync(mark) != 0) return failed("fsync");
  if (::fsync(list) != 0) return failed("fsync of the directory");
  return {};
}

}  // namespace

Result<> burn(const std::string& directory, const Released& released, const std::string& subject,
              std::int64_t now) {
  const UniqueFd list = TRY(open_list(directory));
  // Both are checked names (receipt/names.hpp): neither a slash nor a leading dot can be in front.
  const std::string name = released.request + "@" + released.audience;
  const UniqueFd mark(
      ::openat(list.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!mark && errno == EEXIST)
    return refuse("the receipt was used before: " + directory + "/" + name, "propose again");
  if (!mark) return failed("mark the receipt as used in " + directory);
  // A mark that could not be made durable stays: it may have been, and then it counts.
  TRY_DURING("mark the receipt as used in " + directory,
             write_mark(list.get(), mark.get(), std::to_string(now) + " " + subject + "\n"));
  return {};
}

}  // namespace pawl::gate
