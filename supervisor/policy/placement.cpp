#include "supervisor/policy/placement.hpp"

#include <algorithm>

#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

// Everything below belongs to the system, or would lie under what the sandbox puts there itself.
constexpr std::string_view system_trees[] = {"/usr", "/etc",  "/proc", "/sys",   "/dev",   "/run",   "/boot",
                                             "/bin", "/sbin", "/lib",  "/lib32", "/lib64", "/libx32"};
// Holding other people's things; folders below them are fine.
constexpr std::string_view shared_roots[] = {"/home",    "/root", "/tmp", "/var", "/var/tmp",
                                             "/var/lib", "/opt",  "/srv", "/mnt", "/media"};

constexpr std::string_view credential_names[] = {
    ".ssh",   ".gnupg",           ".aws",    ".azure",       ".kube",
    ".netrc", ".git-credentials", ".pgpass", ".vault-token", ".password-store"};

bool is_home(std::string_view path, std::string_view person_home) {
  const bool below_home = path.starts_with("/home/") && path.find('/', 6) == std::string_view::npos;
  return below_home || path == person_home;
}

}  // namespace

std::span<const std::string_view> credential_folders() { return credential_names; }

Result<> check_apart(std::string_view path, const std::vector<std::string>& private_directories) {
  for (const std::string& directory : private_directories)
    if (lies_within(path, directory) || lies_within(directory, path))
      return refuse(quoted(path) + " holds or lies in " + directory + ", which is pawl's own",
                    "no sandbox sees pawl's configuration, state, sockets or keys");
  return {};
}

Result<> check_workspace(std::string_view path, std::string_view person_home,
                         const std::vector<std::string>& private_directories) {
  constexpr std::string_view remedy = "choose the folder of one project";
  const std::string shown = "workspace " + quoted(path);
  if (!clean_absolute(path)) return refuse(shown + " is not a clean absolute path");
  if (const auto flaw = text_flaw(path)) return refuse(shown + " " + *flaw, "rename the folder");
  if (path == "/" || std::ranges::find(shared_roots, path) != std::end(shared_roots))
    return refuse(shown + " holds more than one project", std::string(remedy));
  if (std::ranges::any_of(system_trees, [&](std::string_view tree) { return lies_within(path, tree); }))
    return refuse(shown + " belongs to the system", std::string(remedy));
  if (is_home(path, person_home)) return refuse(shown + " is a home directory", std::string(remedy));
  if (!person_home.empty() && lies_within(person_home, path))
    return refuse(shown + " holds the home directory " + std::string(person_home), std::string(remedy));
  if (const auto credential = credential_path(path))
    return refuse(shown + " looks like a place of credentials (" + *credential + ")", std::string(remedy));
  TRY_DURING("workspace", check_apart(path, private_directories));
  return {};
}

}  // namespace pawl::policy
