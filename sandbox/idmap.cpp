#include "sandbox/idmap.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "sandbox/proc_file.hpp"

namespace pawl::sandbox {
namespace {

std::array<char, 48> map_to_itself(unsigned id) {
  const std::string text = std::to_string(id) + " " + std::to_string(id) + " 1";
  std::array<char, 48> line{};
  std::memcpy(line.data(), text.data(), text.size());
  return line;
}

}  // namespace

IdMaps single_id_maps(const Identity& identity) {
  return {map_to_itself(identity.uid), map_to_itself(identity.gid)};
}

int write_id_maps(const IdMaps& maps) noexcept {
  // SAFETY: without this the kernel refuses a gid map to an ordinary user (CVE-2014-8989).
  if (const int error = write_proc_file("/proc/self/setgroups", "deny"); error != 0) return error;
  if (const int error = write_proc_file("/proc/self/uid_map", maps.uids.data()); error != 0) return error;
  return write_proc_file("/proc/self/gid_map", maps.gids.data());
}

}  // namespace pawl::sandbox
