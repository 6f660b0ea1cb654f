#include "tools/pawl/changes/touched.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "sandbox/base/codec.hpp"
#include "sandbox/base/write_all.hpp"
#include "tools/pawl/changes/content.hpp"

namespace pawl::changes {
namespace {

constexpr char kFile[] = "touched";
constexpr char kFresh[] = "touched.new";
constexpr std::size_t kMost = 64 * 1024 * 1024;  // bytes

struct Entry {
  std::string path;
  std::uint64_t inode = 0;
  std::int64_t changed = 0;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.path, self.inode, self.changed);
  }
};
struct File {
  std::uint32_t version = 1;
  std::vector<Entry> entries;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.version, self.entries);
  }
};

}  // namespace

Touched Touched::load(const UniqueFd& session) {
  Touched touched;
  const auto file = open_file(session, kFile);
  if (!file) return touched;
  const auto node = look_at(*file);
  if (!node || node->size > kMost) return touched;
  const auto bytes = read_up_to(*file, node->size);
  if (!bytes) return touched;
  const auto read = codec::decode<File>(as_bytes(*bytes));
  if (!read || read->version != 1) return touched;
  for (const Entry& entry : read->entries) touched.stamps_[entry.path] = {entry.inode, entry.changed};
  return touched;
}

void Touched::note(const UniqueFd& workspace, const std::set<std::string>& folders) {
  for (const std::string& path : folders) {
    const auto node = look(workspace, path);
    if (node && *node && (*node)->type == Type::folder)
      stamps_[path] = {(*node)->inode, (*node)->changed};
    else
      stamps_.erase(path);
  }
}

Result<> Touched::store(const UniqueFd& session) const {
  File content;
  for (const auto& [path, stamp] : stamps_) content.entries.push_back({path, stamp.inode, stamp.changed});
  const Bytes bytes = codec::encode(content);
  const UniqueFd file(
      ::openat(session.get(), kFresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed("note what was changed");
  TRY_DURING("note what was changed", write_all(file.get(), as_text(bytes)));
  if (::renameat(session.get(), kFresh, session.get(), kFile) != 0) return failed("note what was changed");
  return {};
}

bool Touched::was_us(const std::string& path, const Node& node) const {
  const auto stamp = stamps_.find(path);
  return stamp != stamps_.end() && stamp->second.inode == node.inode && stamp->second.changed == node.changed;
}

}  // namespace pawl::changes
