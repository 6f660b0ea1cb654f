// Values of secrets. Runs in pawld, the only process that calls this. A value exists from the moment it is
// needed until its SecretValue dies: in locked memory that is left out of core dumps and wiped; it has no
// formatter and no copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

inline constexpr std::size_t kMaxSecret = 64 * 1024;  // bytes

class SecretValue {
 public:
  SecretValue() = default;
  SecretValue(SecretValue&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  SecretValue& operator=(SecretValue&& other) noexcept;
  SecretValue(const SecretValue&) = delete;
  SecretValue& operator=(const SecretValue&) = delete;
  ~SecretValue() { wipe(); }

  // Locked, left out of core dumps and of forked children. Refused where RLIMIT_MEMLOCK is used up.
  static Result<SecretValue> copy_of(std::string_view value);
  // Everything that `descriptor` has to give, straight into locked memory; one trailing newline is dropped.
  static Result<SecretValue> read_from(int descriptor);

  // Valid while this object lives. The caller copies it into nothing that outlives the use.
  std::string_view reveal() const { return {memory_, size_}; }
  bool empty() const { return size_ == 0; }

 private:
  static Result<SecretValue> allocate(std::size_t capacity);
  void wipe() noexcept;

  char* memory_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

struct SecretMaterial {
  SecretValue value;    // one trailing newline of the file is not part of it
  std::string version;  // see secret_version
};

// Source `file`: <config>/secrets/LOCATION, a regular file with one link, owned by root or the home's owner,
// unreadable to group and others. Source `credential`: $CREDENTIALS_DIRECTORY/LOCATION. Refused: empty, NUL
// inside, over kMaxSecret.
Result<SecretMaterial> read_secret(const Home& home, const Secret& secret);

// Names the state of a secret in action documents without telling anything about its value: a hash of where
// the file is and when it last changed (device, inode, mtime, ctime), never of what is in it, so that nobody
// can test guesses against a receipt. Rotating the file makes another version. Credentials are handed over
// anew whenever the service starts, so there the version is the credential's name alone: a restart voids no
// pending request, and a rotation is not seen.
Result<std::string> secret_version(const Home& home, const Secret& secret);

}  // namespace pawl::policy
