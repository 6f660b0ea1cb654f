// pawl init: a person, their signing key, and working policy files for the embedded broker.
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>

#include "supervisor/policy/starter.hpp"
#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/public_key.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/subprocess.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using tools::trouble;

constexpr std::size_t kMaxKeyFile = 16 * 1024;  // bytes

struct InitOptions {
  std::string key_file;
  std::string name;
};

struct Key {
  std::string line;  // "ssh-ed25519 AAAA..."
  std::string where;
};

std::string login_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : "";
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

// FILE may be either half of a pair: the public one is what is wanted.
Outcome<Key> take_key(const std::string& file) {
  const bool has_public_half = !file.ends_with(".pub") && exists(file + ".pub");
  const std::string path = has_public_half ? file + ".pub" : file;
  const std::string text = TRY(read_file(path, kMaxKeyFile));
  const auto key = receipt::parse_public_key(text.substr(0, text.find('\n')));
  if (!key) {
    Error reason = Error(key.error()).during(path);
    return std::unexpected(std::move(reason).advising("name the public key file, FILE.pub"));
  }
  return Key{receipt::key_line(*key), path};
}

Outcome<Key> make_key(const std::string& directory, const std::string& name) {
  TRY(make_private_directories(directory));
  if (::chmod(directory.c_str(), 0700) != 0) return failed("chmod " + directory);
  const std::string path = directory + "/" + name;
  if (exists(path)) return take_key(path);
  const ProgramRun run{{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name + "@pawl", "-f", path},
                       {},
                       std::chrono::minutes(1)};
  if (TRY(run_program(run)).exit_code != 0)
    return trouble(ExitCode::failed, "ssh-keygen could not make the key " + path);
  return take_key(path + ".pub");
}

Outcome<> refuse_existing(const std::string& configuration, const std::vector<policy::SourceFile>& files) {
  for (const policy::SourceFile& file : files)
    if (exists(configuration + "/" + file.name))
      return trouble(ExitCode::refused,
                     configuration + "/" + file.name + " is there already; nothing was changed",
                     "edit it, or move " + configuration + " away and run pawl init again");
  return {};
}

Outcome<> write_all(const std::string& configuration, const std::vector<policy::SourceFile>& files) {
  TRY(make_private_directories(configuration + "/roles"));
  TRY(make_private_directories(configuration + "/secrets"));
  for (const policy::SourceFile& file : files)
    TRY(write_private_file(configuration + "/" + file.name, file.text));
  return {};
}

Outcome<ExitCode> init(InitOptions options) {
  if (TRY(wire::client_paths()).home == wire::Home::system)
    return trouble(ExitCode::refused,
                   "the system's broker is installed here and an embedded one would never be used",
                   "the operator adds people to /etc/pawl/people.toml");
  const wire::Paths paths = TRY(wire::embedded_paths());
  if (options.name.empty()) options.name = login_name();
  TRY(receipt::check_person_name(options.name));
  if (exists(paths.configuration + "/pawl.toml"))
    return trouble(ExitCode::refused,
                   paths.configuration + "/pawl.toml is there already; nothing was changed",
                   "pawl policy check tells whether it works");
  const Key key = TRY(options.key_file.empty() ? make_key(paths.configuration + "/keys", options.name)
                                               : take_key(options.key_file));
  const policy::Person person{options.name, {::getuid()}, {key.line}, {}};
  const auto files = TRY(policy::embedded_starter(person, options.name + "@" + host_name()));
  TRY(refuse_existing(paths.configuration, files));
  TRY(write_all(paths.configuration, files));
  TRY(print(fmt::format(
      "{0} is set up.\n"
      "  you      {1}, signing with {2}\n"
      "  roles    {0}/roles: observer, coder, deployer\n"
      "  secrets  put each value into a file of {0}/secrets (secrets.toml names them)\n\n"
      "Next:\n"
      "  pawl policy explain --role coder     what an agent of that role may do\n"
      "  pawl run --role coder -- COMMAND     start one\n"
      "  pawl requests                        what it asks for; pawl approve ID, pawl deny ID -m REASON\n"
      "The embedded broker trusts all your own processes; a passphrase protects the key from them:\n"
      "  ssh-keygen -p -f KEY\n",
      paths.configuration, options.name, key.where)));
  return ExitCode::done;
}

}  // namespace

Action declare_init(Options& command) {
  auto options = std::make_shared<InitOptions>();
  command.optional("--key", options->key_file,
                   "your public key (default: a new ed25519 key in ~/.config/pawl/keys)");
  command.optional("--name", options->name, "your name in people.toml (default: your login)");
  return [options] { return init(*options); };
}

}  // namespace pawl::cli
