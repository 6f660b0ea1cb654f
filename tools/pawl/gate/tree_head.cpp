#include "tools/pawl/gate/tree_head.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <memory>
#include <optional>

#include "sandbox/base/text_file.hpp"
#include "supervisor/receipt/names.hpp"
#include "tools/pawl/gate/regular_file.hpp"

namespace pawl::gate {
namespace {

constexpr std::size_t kSmall = 4096;       // bytes of HEAD, a ref, a .git file
constexpr unsigned kMostSymbolicRefs = 5;  // as git
constexpr std::string_view kRef = "ref: ";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Nothing where there is no such file.
Result<std::optional<std::string>> read_small(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return std::optional<std::string>();
  if (S_ISDIR(status.st_mode)) return std::optional<std::string>();  // refs/heads/a beside refs/heads/a/b
  std::string text = TRY(read_regular(path, kSmall));
  return std::optional<std::string>(trimmed(text));
}

std::string joined(const std::string& folder, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : folder + "/" + std::string(path);
}

Result<std::optional<std::string>> packed_ref(const std::string& common, std::string_view name) {
  const auto packed = read_text(AT_FDCWD, (common + "/packed-refs").c_str());
  if (!packed && errno != ENOENT) return failed("read " + common + "/packed-refs");
  std::string_view text = packed ? std::string_view(*packed) : std::string_view();
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view id = take_word(line);
    if (line == name && is_commit(id)) return std::optional(std::string(id));
  }
  return std::optional<std::string>();
}

Result<std::string> resolve(const WorkTree& tree) {
  const auto head = TRY(read_small(tree.git_folder + "/HEAD"));
  if (!head) return refuse(tree.git_folder + " has no HEAD");
  std::string value = *head;
  for (unsigned i = 0; value.starts_with(kRef); ++i) {
    const std::string name = value.substr(kRef.size());
    if (i == kMostSymbolicRefs || !name.starts_with("refs/") || !receipt::is_clean_path("/" + name))
      return refuse("HEAD leads to no ordinary ref");
    if (name == "refs/heads/.invalid")
      return refuse(tree.root + " keeps its refs in a form that is not read here", "--subject git:COMMIT");
    auto found = TRY(read_small(tree.common + "/" + name));
    if (!found) found = TRY(packed_ref(tree.common, name));
    if (!found) return refuse(tree.root + " has no commit yet on " + name);
    value = *found;
  }
  if (!is_commit(value)) return refuse("HEAD of " + tree.root + " is no commit");
  return value;
}

// Where a folder's .git leads; nothing where it has none.
Result<std::optional<std::string>> git_folder_of(const std::string& folder) {
  const std::string path = folder == "/" ? "/.git" : folder + "/.git";
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return failed("look at " + path);
  }
  if (S_ISDIR(status.st_mode)) return std::optional(path);
  constexpr std::string_view kGitFile = "gitdir: ";
  const auto text = TRY(read_small(path));
  if (!text || !text->starts_with(kGitFile)) return refuse(path + " is no .git that is known here");
  return std::optional(joined(folder, std::string_view(*text).substr(kGitFile.size())));
}

}  // namespace

Result<WorkTree> find_work_tree(const std::string& directory) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(directory.c_str(), nullptr), &::free);
  if (!real) return failed("find " + directory);
  for (std::string folder = real.get();; folder.resize(std::max<std::size_t>(folder.rfind('/'), 1))) {
    if (const auto git_folder = TRY(git_folder_of(folder))) {
      WorkTree tree{folder, *git_folder, *git_folder, {}};
      if (const auto common = TRY(read_small(*git_folder + "/commondir")))
        tree.common = joined(*git_folder, *common);
      tree.head = TRY(resolve(tree));
      return tree;
    }
    if (folder == "/") return refuse(directory + " is in no git work tree");
  }
}

}  // namespace pawl::gate
