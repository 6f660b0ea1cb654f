#include "supervisor/policy/secret_store.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "sandbox/limits.hpp"
#include "supervisor/policy/hash.hpp"
#include "supervisor/policy/text.hpp"
#include "supervisor/policy/trusted_file.hpp"

namespace pawl::policy {
namespace {

struct SecretFile {
  UniqueFd file;
  struct stat status{};
};

std::string time_text(const timespec& time) {
  return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
}

Result<SecretFile> open_in_home(const Home& home, const Secret& secret) {
  const Trust trust{.owner = home.owner};
  const UniqueFd config = TRY(open_trusted_directory(home.config, trust));
  const UniqueFd folder = TRY(open_trusted_subdirectory(config.get(), "secrets", trust));
  SecretFile opened{.file = TRY(open_trusted_file(folder.get(), secret.location, trust))};
  if (fstat(opened.file.get(), &opened.status) != 0) return failed("look at " + secret.location);
  if ((opened.status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse("secrets/" + secret.location + " is open to others than its owner", "chmod 600");
  if (opened.status.st_nlink != 1)
    return refuse("secrets/" + secret.location + " has another name as well (hard link)",
                  "one value, one file");
  return opened;
}

Result<SecretFile> open_credential(const Home& home, const Secret& secret) {
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr)
    return refuse("no $CREDENTIALS_DIRECTORY",
                  "LoadCredential=" + secret.location + ":/path in the service's unit");
  const Trust trust{.owner = home.owner};
  const UniqueFd folder = TRY(open_trusted_directory(directory, trust));
  SecretFile opened{.file = TRY(open_trusted_file(folder.get(), secret.location, trust))};
  if (fstat(opened.file.get(), &opened.status) != 0) return failed("look at " + secret.location);
  return opened;
}

Result<SecretFile> open_source(const Home& home, const Secret& secret) {
  auto opened =
      secret.source == SecretSource::file ? open_in_home(home, secret) : open_credential(home, secret);
  if (opened) return opened;
  const std::string where = secret.source == SecretSource::file ? home.config + "/secrets/" + secret.location
                                                                : "$CREDENTIALS_DIRECTORY/" + secret.location;
  Error error = std::move(opened).error().during("secret " + secret.name);
  if (error.errnum == ENOENT) error = std::move(error).advising("put the value into " + where);
  return std::unexpected(std::move(error));
}

std::string version_of(const Secret& secret, const struct stat& status) {
  std::string state = secret.name + "\n";
  if (secret.source == SecretSource::credential) {
    state += "credential\n" + secret.location;
  } else {
    state += "file\n" + std::to_string(status.st_dev) + "\n" + std::to_string(status.st_ino) + "\n" +
             time_text(status.st_mtim) + "\n" + time_text(status.st_ctim);
  }
  return to_hex(ByteSpan(sha256(as_bytes(state))).first(16));
}

}  // namespace

Result<SecretValue> SecretValue::allocate(std::size_t capacity) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t size = (capacity + page - 1) / page * page;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("allocate memory for a secret");
  SecretValue value;
  value.memory_ = static_cast<char*>(memory);
  value.capacity_ = size;
  if (mlock(memory, size) != 0)
    return std::unexpected(
        Error{errno, "lock memory for a secret", "raise RLIMIT_MEMLOCK (LimitMEMLOCK=, ulimit -l)"});
  if (madvise(memory, size, MADV_DONTDUMP) != 0 || madvise(memory, size, MADV_WIPEONFORK) != 0)
    return failed("keep a secret out of core dumps and children");
  return value;
}

SecretValue& SecretValue::operator=(SecretValue&& other) noexcept {
  if (this != &other) {
    wipe();
    memory_ = std::exchange(other.memory_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void SecretValue::wipe() noexcept {
  if (memory_ == nullptr) return;
  OPENSSL_cleanse(memory_, capacity_);
  munmap(memory_, capacity_);  // also unlocks
  memory_ = nullptr;
  capacity_ = size_ = 0;
}

Result<SecretValue> SecretValue::copy_of(std::string_view text) {
  if (text.size() > kMaxSecret) return refuse("a secret is larger than " + sandbox::size_text(kMaxSecret));
  SecretValue value = TRY(allocate(std::max<std::size_t>(text.size(), 1)));
  std::copy(text.begin(), text.end(), value.memory_);
  value.size_ = text.size();
  return value;
}

Result<SecretValue> SecretValue::read_from(int descriptor) {
  SecretValue value = TRY(allocate(kMaxSecret + 1));
  while (value.size_ <= kMaxSecret) {
    const ssize_t size = read(descriptor, value.memory_ + value.size_, kMaxSecret + 1 - value.size_);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read a secret");
    if (size == 0) break;
    value.size_ += static_cast<std::size_t>(size);
  }
  if (value.size_ > kMaxSecret) return refuse("it is larger than " + sandbox::size_text(kMaxSecret));
  if (value.reveal().ends_with('\n')) --value.size_;
  if (value.empty()) return refuse("it is empty");
  if (value.reveal().find('\0') != std::string_view::npos)
    return refuse("it holds a NUL byte", "a value that travels as an environment variable or header is text");
  return value;
}

Result<SecretMaterial> read_secret(const Home& home, const Secret& secret) {
  const SecretFile opened = TRY(open_source(home, secret));
  SecretMaterial material{
      .value = TRY_DURING("secret " + secret.name, SecretValue::read_from(opened.file.get())),
      .version = version_of(secret, opened.status)};
  struct stat after{};
  if (fstat(opened.file.get(), &after) != 0) return failed("look at secret " + secret.name);
  if (version_of(secret, after) != material.version)
    return refuse("secret " + secret.name + " changed while it was read",
                  "replace the file by rename, not in place");
  return material;
}

Result<std::string> secret_version(const Home& home, const Secret& secret) {
  const SecretFile opened = TRY(open_source(home, secret));
  return version_of(secret, opened.status);
}

}  // namespace pawl::policy
