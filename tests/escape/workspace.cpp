// The workspace itself: what an agent may write there, where its role lets it write, and what it may not:
// what makes the host execute things. In an overlay it writes to a copy of both.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

std::string in(const Plants& plants, const char* path) { return plants["workspace"] + "/" + path; }

int append(const std::string& path, int flags = 0) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0644);
  if (file < 0) return errno;
  const int error = answer(::write(file, "\n", 1));
  ::close(file);
  return error;
}
// Unconfined it goes again, so that it is made anew in each sandbox.
int make(const std::string& path) {
  const int error = append(path, O_CREAT);
  if (!confined) (void)::unlink(path.c_str());
  return error;
}
int move_and_back(const std::string& path) {
  const std::string away = path + "-moved";
  const int error = answer(::rename(path.c_str(), away.c_str()));
  (void)::rename(away.c_str(), path.c_str());
  return error;
}

int write_a_file(const Plants& plants) { return append(in(plants, "notes")); }
int create_a_file(const Plants& plants) { return make(in(plants, "made-by-the-agent")); }

template <const char* const& Path>
int writes(const Plants& plants) {
  return append(in(plants, Path));
}
template <const char* const& Path>
int creates(const Plants& plants) {
  return make(in(plants, Path));
}
template <const char* const& Path>
int moves(const Plants& plants) {
  return move_and_back(in(plants, Path));
}

int remove_protected(const Plants& plants) {
  const std::string path = in(plants, ".envrc");
  const std::string kept = in(plants, "kept");
  (void)::link(path.c_str(), kept.c_str());
  const int error = answer(::unlink(path.c_str()));
  (void)::rename(kept.c_str(), path.c_str());
  return error;
}
int exchange(const Plants& plants) {
  const std::string path = in(plants, ".envrc");
  const std::string other = in(plants, "notes");
  const auto swap = [&] {
    return answer(::renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE));
  };
  const int error = swap();
  if (error == 0) (void)swap();
  return error;
}
int by_hard_link(const Plants& plants) {
  const std::string other = in(plants, "another-name");
  if (::link(in(plants, ".envrc").c_str(), other.c_str()) != 0) return errno;
  const int error = append(other);
  (void)::unlink(other.c_str());
  return error;
}
int by_link(const Plants& plants) {
  const char* const link = "/tmp/pawl-escape-to-envrc";
  (void)::unlink(link);
  if (::symlink(in(plants, ".envrc").c_str(), link) != 0) return errno;
  const int error = append(link);
  (void)::unlink(link);
  return error;
}
int by_descriptor(const Plants& plants) {
  const int file = ::open(in(plants, ".envrc").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const int error = append("/proc/self/fd/" + std::to_string(file));
  ::close(file);
  return error;
}
int cut(const Plants& plants) { return answer(::truncate(in(plants, ".envrc").c_str(), 1)); }
int make_executable(const Plants& plants) {
  return answer(::chmod(in(plants, ".git/hooks/pre-commit").c_str(), 0755));
}
int mark(const Plants& plants) {
  const int error = answer(::setxattr(in(plants, ".envrc").c_str(), "user.pawl-escape", "x", 1, 0));
  return error == EOPNOTSUPP && !confined ? kAbsent : error;
}

#define PLACE(name, path) constexpr const char* name = path
PLACE(kGitConfig, ".git/config");
PLACE(kGitHook, ".git/hooks/pre-commit");
PLACE(kNewGitHook, ".git/hooks/post-checkout");
PLACE(kGitAttributes, ".git/info/attributes");
PLACE(kGitModule, ".git/modules/part/config");
PLACE(kNewModuleHook, ".git/modules/part/hooks/post-checkout");
PLACE(kGit, ".git");
PLACE(kGitHooks, ".git/hooks");
PLACE(kNestedConfig, "deep/er/.git/config");
PLACE(kNestedHook, "deep/er/.git/hooks/post-merge");
PLACE(kStoreConfig, "store/config");
PLACE(kStoreHook, "store/hooks/update");
PLACE(kStore, "store");
PLACE(kGitFile, "elsewhere/.git");
PLACE(kEnvironment, ".envrc");
PLACE(kDeepEnvironment, "deep/.envrc");
PLACE(kAgent, ".claude/settings.json");
PLACE(kNewAgentFile, ".claude/settings.local.json");
PLACE(kPipeline, ".github/workflows/ci.yml");
PLACE(kNewPipeline, ".github/workflows/new.yml");
PLACE(kPipelines, ".github");
PLACE(kLink, ".vscode");
PLACE(kTarget, "editor/tasks.json");
#undef PLACE

constexpr Attempt kWritable[] = {
    {"write-a-file", Needs::user, write_a_file},
    {"create-a-file", Needs::user, create_a_file},
};

// Each of the paths exists, but for the new ones, which stand in a protected folder.
constexpr Attempt kProtected[] = {
    {"git-config", Needs::user, writes<kGitConfig>},
    {"git-hook", Needs::user, writes<kGitHook>},
    {"new-git-hook", Needs::user, creates<kNewGitHook>},
    {"git-hook-executable", Needs::user, make_executable},
    {"new-git-attributes", Needs::user, creates<kGitAttributes>},
    {"config-of-a-submodule", Needs::user, writes<kGitModule>},
    {"new-hook-of-a-submodule", Needs::user, creates<kNewModuleHook>},
    {"move-git-away", Needs::user, moves<kGit>},
    {"move-the-hooks-away", Needs::user, moves<kGitHooks>},
    {"config-of-a-nested-repository", Needs::user, writes<kNestedConfig>},
    {"new-hook-of-a-nested-repository", Needs::user, creates<kNestedHook>},
    {"config-of-a-bare-repository", Needs::user, writes<kStoreConfig>},
    {"new-hook-of-a-bare-repository", Needs::user, creates<kStoreHook>},
    {"move-a-bare-repository-away", Needs::user, moves<kStore>},
    {"file-that-leads-git-elsewhere", Needs::user, writes<kGitFile>},
    {"shell-settings", Needs::user, writes<kEnvironment>},
    {"shell-settings-in-the-depth", Needs::user, writes<kDeepEnvironment>},
    {"agent-settings", Needs::user, writes<kAgent>},
    {"new-agent-settings", Needs::user, creates<kNewAgentFile>},
    {"pipeline", Needs::user, writes<kPipeline>},
    {"new-pipeline", Needs::user, creates<kNewPipeline>},
    {"move-the-pipelines-away", Needs::user, moves<kPipelines>},
    {"move-a-link-away", Needs::user, moves<kLink>},
    {"where-a-link-leads", Needs::user, writes<kTarget>},
    {"move-away", Needs::user, moves<kEnvironment>},
    {"remove", Needs::user, remove_protected},
    {"exchange", Needs::user, exchange},
    {"by-a-hard-link", Needs::user, by_hard_link},
    {"by-a-link", Needs::user, by_link},
    {"by-a-descriptor", Needs::user, by_descriptor},
    {"cut", Needs::user, cut},
    {"mark", Needs::user, mark},
};

}  // namespace

std::span<const Attempt> writable() { return kWritable; }
std::span<const Attempt> protections() { return kProtected; }

}  // namespace pawl::escape
