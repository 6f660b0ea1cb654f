// The folders that the doctor tries things in: scratch of its own, and the nearest existing ones of those
// that pawl would use. Runs as the person.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sandbox/base/error.hpp"

namespace pawl::cli {

inline constexpr std::uint32_t kNobody = 65534;  // as whom root's sandboxes run where nobody else is named

// Whose a folder is: the caller's, or theirs as whom sandboxes of this caller run (others for root only).
enum class Owner : std::uint8_t { caller, sessions };

// Removed, with what is in it, by its end. Nobody else can list it.
class Scratch {
 public:
  static Result<Scratch> make(const std::string& parent, Owner owner);
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();
  const std::string& path() const { return path_; }
  // A folder below it, of the sessions.
  Result<std::string> folder(const std::string& name) const;

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The folder itself, or the nearest above it that is there.
std::string nearest_existing(std::string path);

}  // namespace pawl::cli
