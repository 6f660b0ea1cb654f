// A small home with two reviewers and one floored secret, as texts that a test alters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/policy/policy.hpp"

namespace pawl::policy::test {

inline constexpr std::string_view kAliceKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGUga2V5IG9mIGFsaWNlOiByZXBsYWNlIGl0";
inline constexpr std::string_view kBobKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGUga2V5IG9mIGJvYjogcmVwbGFjZSBpdCAh";
inline constexpr std::string_view kCarolKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGUga2V5IG9mIGNhcm9sOiByZXBsYWNlIGl0";

class Files {
 public:
  explicit Files(HomeKind kind = HomeKind::system);

  // Replaces `from`, which must be there exactly once, in one file.
  Files& edit(std::string_view file, std::string_view from, std::string_view to);
  Files& set(std::string_view file, std::string text);
  Files& append(std::string_view file, std::string_view text);

  std::expected<Policy, Problems> build() const;
  // The policy, which must be without a refusal.
  Policy policy() const;
  // Every refusal as text; "" when there is none.
  std::string refusals() const;
  const std::vector<SourceFile>& sources() const { return files_; }

 private:
  SourceFile& file(std::string_view name);

  HomeKind kind_;
  std::vector<SourceFile> files_;
};

}  // namespace pawl::policy::test
