#include "sandbox/appeared.hpp"

#include <algorithm>
#include <set>

namespace pawl::sandbox {
namespace {

// A report is one message (kMaxMessage).
constexpr std::size_t kMostPaths = 100;
constexpr std::size_t kMostBytes = std::size_t{48} * 1024;

bool existed(const Found& before, const FoundPath& one) {
  const auto same = std::ranges::lower_bound(before.paths, one.path, std::ranges::less{}, &FoundPath::path);
  return same != before.paths.end() && same->path == one.path && same->device == one.device &&
         same->inode == one.inode;
}

bool lies_in(const std::set<std::string>& folders, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (folders.contains(path.substr(0, slash))) return true;
  return false;
}

class Collector {
 public:
  void add(const Watched& watched, const Found& now) {
    std::set<std::string> new_ones;
    for (const FoundPath& one : now.paths) {
      if (one.what == Finding::passed || existed(watched.before, one) || lies_in(new_ones, one.path))
        continue;
      new_ones.insert(one.path);
      name(watched.mount + "/" + one.path, one.what);
    }
    if (now.closed.size() > watched.before.closed.size())
      appeared.closed += static_cast<std::uint32_t>(now.closed.size() - watched.before.closed.size());
  }

  Appeared appeared;

 private:
  void name(std::string path, Finding what) {
    bytes_ += path.size();
    if (appeared.paths.size() == kMostPaths || bytes_ > kMostBytes)
      ++appeared.more;
    else
      appeared.paths.push_back({std::move(path), what});
  }

  std::size_t bytes_ = 0;
};

}  // namespace

Appeared find_appeared(const std::vector<Watched>& watched, const FindLimits& limits) {
  Collector collector;
  for (const Watched& one : watched) {
    const auto now = find_paths(one.top, one.patterns, LookFor::names_and_git, limits);
    if (now)
      collector.add(one, *now);
    else
      collector.appeared.failure = one.mount + ": " + now.error().trail.substr(0, kMostBytes / 4);
  }
  return std::move(collector.appeared);
}

}  // namespace pawl::sandbox
