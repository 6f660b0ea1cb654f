#include "tools/pawl/cli/clean_tree.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/subprocess.hpp"
#include "tools/pawl/gate/regular_file.hpp"
#include "tools/pawl/gate/tree_head.hpp"

namespace pawl::cli {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr std::size_t kMaxIndex = 256 * 1024 * 1024;  // bytes
constexpr const char* kRemedy = "name the commit: --subject git:COMMIT";

// A repository of our own around the other's objects: with its HEAD, a copy of its index, and a configuration
// that says nothing. Filters, hooks, fsmonitor and includes of the real one are out of git's sight.
Result<> make_repository(const std::string& folder, const gate::WorkTree& tree) {
  for (const char* part : {"", "/refs", "/objects"})
    if (::mkdir((folder + part).c_str(), 0700) != 0) return failed("make " + folder + part);
  const bool sha256 = tree.head.size() == 64;
  TRY(write_private_file(folder + "/HEAD", tree.head + "\n"));
  TRY(write_private_file(folder + "/config", sha256 ? "[core]\nrepositoryformatversion = 1\n"
                                                      "[extensions]\nobjectformat = sha256\n"
                                                    : "[core]\nrepositoryformatversion = 0\n"));
  const std::string index = TRY(gate::read_regular(tree.git_folder + "/index", kMaxIndex));
  return write_private_file(folder + "/index", index);
}

std::vector<std::string> compare_command(const std::string& folder, const gate::WorkTree& tree) {
  const char* const path = std::getenv("PATH");
  return {"env", "-i", std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin"), "LC_ALL=C",
          "HOME=" + folder, "GIT_DIR=" + folder, "GIT_WORK_TREE=" + tree.root,
          "GIT_OBJECT_DIRECTORY=" + tree.common + "/objects", "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1",
          "git", "-C", tree.root, "-c", "core.fsmonitor=false", "status", "--porcelain=v1",
          "--untracked-files=normal", "--no-renames",
          // Looking into a submodule would run git there, with that repository's configuration.
          "--ignore-submodules=dirty"};
}

}  // namespace

Outcome<std::string> clean_head() {
  const gate::WorkTree tree = TRY(gate::find_work_tree("."));
  const ScratchDirectory scratch = TRY(ScratchDirectory::make());
  const std::string folder = scratch.path() + "/git";
  TRY_DURING("read the index of " + tree.root, make_repository(folder, tree));
  ProgramRun run{compare_command(folder, tree), {}};
  run.complaints = ProgramRun::Complaints::hidden;
  const ProgramResult compared = TRY(run_program(run));
  if (compared.exit_code != 0)
    return trouble(ExitCode::failed, "git could not compare " + tree.root + " with its HEAD", kRemedy);
  if (compared.output.empty()) return tree.head;
  const std::string first = compared.output.substr(0, compared.output.find('\n'));
  return trouble(ExitCode::failed, tree.root + " is not what its HEAD is: " + first,
                 "commit or remove what differs, or name the commit: --subject git:COMMIT");
}

}  // namespace pawl::cli
