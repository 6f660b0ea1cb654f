// The host's resolver configuration, as pawl-dial is shown it. Each file is a bind of its own, so that a file
// that is replaced by rename(2) (as DHCP clients and VPNs do) stays the old one inside: what has changed is
// looked for before each dial. Runs in pawld.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pawl::broker {

inline constexpr std::array<const char*, 5> kResolverFiles = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf"};

// Which file stands at each path, and when it last changed; a missing one is a state, too.
struct FileState {
  std::uint64_t device = 0, inode = 0;
  std::int64_t changed = 0;  // mtime, ns

  bool operator==(const FileState&) const = default;
};
std::vector<FileState> resolver_state(const std::vector<std::string>& paths = {kResolverFiles.begin(),
                                                                               kResolverFiles.end()});

}  // namespace pawl::broker
