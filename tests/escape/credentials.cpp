// Keys, tokens and environments of the person who started the session.
#include <dirent.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

template <const char* const& Path>
int in_home(const Plants& plants) {
  return finds(plants["home"] + Path, plants["secret"]);
}

int environment(const Plants& plants) {
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strstr(*entry, plants["secret"].c_str()) != nullptr) return 0;
  return ENODATA;
}

// Whether a file of that name of any process that can be seen holds the secret.
int in_any_process(const Plants& plants, const char* file) {
  DIR* const all = ::opendir("/proc");
  if (all == nullptr) return errno;
  int outcome = ENODATA;
  while (const dirent* entry = ::readdir(all))
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
        finds(std::string("/proc/") + entry->d_name + file, plants["secret"]) == 0)
      outcome = 0;
  ::closedir(all);
  return outcome;
}

int in_environments(const Plants& plants) { return in_any_process(plants, "/environ"); }
int in_command_lines(const Plants& plants) { return in_any_process(plants, "/cmdline"); }

int reads_key(const Plants& plants, long ring) {
  const long key = ::syscall(SYS_keyctl, KEYCTL_SEARCH, ring, "user", "pawl-escape", 0);
  if (key < 0) return errno;
  char value[256] = {};
  if (::syscall(SYS_keyctl, KEYCTL_READ, key, value, sizeof(value) - 1) < 0) return errno;
  return value == plants["secret"] ? 0 : ENODATA;
}
int user_keyring(const Plants& plants) { return reads_key(plants, KEY_SPEC_USER_KEYRING); }
int session_keyring(const Plants& plants) { return reads_key(plants, KEY_SPEC_SESSION_KEYRING); }
int requested_key(const Plants&) {
  return answer(::syscall(SYS_request_key, "user", "pawl-escape", nullptr, 0));
}
int key_list(const Plants&) { return finds("/proc/keys", "pawl-escape"); }

int by_root_of_first(const Plants& plants) {
  return finds("/proc/1/root" + plants["home"] + "/.netrc", plants["secret"]);
}
int by_root_of_victim(const Plants& plants) {
  return finds("/proc/" + plants["victim"] + "/root" + plants["home"] + "/.netrc", plants["secret"]);
}
int by_folder_of_victim(const Plants& plants) {
  return finds("/proc/" + plants["victim"] + "/cwd/.netrc", plants["secret"]);
}
int by_climbing(const Plants& plants) {
  return finds("../../../../../../../../../.." + plants["home"] + "/.netrc", plants["secret"]);
}
int by_old_home(const Plants& plants) {
  const char* const home = std::getenv("HOME");
  return finds((home != nullptr ? home : "") + std::string("/.netrc"), plants["secret"]);
}
int other_users(const Plants&) { return finds("/etc/passwd", "pawl-test-carol"); }
int host_name(const Plants& plants) { return finds("/etc/hostname", plants["hostname"]); }

#define PLACE(name, path) constexpr const char* name = path
PLACE(kSsh, "/.ssh/id_ed25519");
PLACE(kAws, "/.aws/credentials");
PLACE(kNetrc, "/.netrc");
PLACE(kGh, "/.config/gh/hosts.yml");
PLACE(kKube, "/.kube/config");
PLACE(kDocker, "/.docker/config.json");
PLACE(kNpm, "/.npmrc");
PLACE(kGit, "/.git-credentials");
PLACE(kGcloud, "/.config/gcloud/application_default_credentials.json");
PLACE(kAzure, "/.azure/msal_token_cache.json");
PLACE(kGnupg, "/.gnupg/private-keys-v1.d/0123.key");
PLACE(kPg, "/.pgpass");
PLACE(kHistory, "/.bash_history");
PLACE(kFirefox, "/.mozilla/firefox/default/logins.json");
PLACE(kKeyrings, "/.local/share/keyrings/login.keyring");
PLACE(kPawlSecret, "/.config/pawl/secrets/escape.token");
PLACE(kPawlKey, "/.config/pawl/keys/escape");
PLACE(kPawlState, "/.local/state/pawl/escape");
#undef PLACE

constexpr Attempt kAttempts[] = {
    {"ssh-key", Needs::user, in_home<kSsh>},
    {"aws-credentials", Needs::user, in_home<kAws>},
    {"netrc", Needs::user, in_home<kNetrc>},
    {"github-token", Needs::user, in_home<kGh>},
    {"kubeconfig", Needs::user, in_home<kKube>},
    {"docker-config", Needs::user, in_home<kDocker>},
    {"npm-token", Needs::user, in_home<kNpm>},
    {"git-credentials", Needs::user, in_home<kGit>},
    {"gcloud-credentials", Needs::user, in_home<kGcloud>},
    {"azure-tokens", Needs::user, in_home<kAzure>},
    {"gnupg-key", Needs::user, in_home<kGnupg>},
    {"pgpass", Needs::user, in_home<kPg>},
    {"shell-history", Needs::user, in_home<kHistory>},
    {"browser-logins", Needs::user, in_home<kFirefox>},
    {"login-keyring", Needs::user, in_home<kKeyrings>},
    {"pawl-secret", Needs::user, in_home<kPawlSecret>},
    {"pawl-signing-key", Needs::user, in_home<kPawlKey>},
    {"pawl-state", Needs::user, in_home<kPawlState>},
    {"home-by-variable", Needs::user, by_old_home},
    {"home-by-climbing", Needs::user, by_climbing},
    {"home-by-root-of-pid-1", Needs::root, by_root_of_first},
    {"home-by-root-of-victim", Needs::user, by_root_of_victim},
    {"home-by-folder-of-victim", Needs::user, by_folder_of_victim},
    {"inherited-environment", Needs::user, environment},
    {"environment-of-processes", Needs::user, in_environments},
    {"command-lines-of-processes", Needs::user, in_command_lines},
    {"user-keyring", Needs::user, user_keyring},
    {"session-keyring", Needs::user, session_keyring},
    {"request-key", Needs::user, requested_key},
    {"list-of-keys", Needs::user, key_list},
    {"names-of-other-users", Needs::user, other_users},
    {"name-of-the-host", Needs::user, host_name},
};

}  // namespace

std::span<const Attempt> credentials() { return kAttempts; }

}  // namespace pawl::escape
