// The approval rule as the policy lowered it for one request: who may decide, with which keys. Plain data, so
// that the approval machine knows nothing of TOML; it is written into the ledger with the request, and judged
// from there. Pure; runs in the broker and in `log verify`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::approval {

struct Member {
  std::string person;
  std::vector<std::string> keys;  // receipt::Credential lines: "ssh-ed25519 AAAA…", "cert-authority …"
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("person", self.person);
    archive("keys", self.keys);
  }
  bool operator==(const Member&) const = default;
};

struct Group {
  std::string name;  // as statements name it: "@sre"; "@self" holds the launcher alone
  std::vector<Member> members;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("members", self.members);
  }
  bool operator==(const Group&) const = default;
};

struct Rule {
  std::string name;
  std::uint32_t quorum = 0;  // distinct persons, at least 1
  std::vector<Group> from;
  bool allow_launcher = false;  // the launcher may approve (a file's key, hence a bool)
  std::int64_t expires = 0;     // seconds from the request to its expiry
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("quorum", self.quorum);
    archive("from", self.from);
    archive("allow_launcher", self.allow_launcher);
    archive("expires", self.expires);
  }
  bool operator==(const Rule&) const = default;
};

// Coherent, and satisfiable for a request by this launcher: quorum at least 1, groups with distinct names, no
// key in two persons' hands, enough distinct persons with keys who may approve.
Result<> check_rule(const Rule& rule, std::string_view launcher);

// The member of that group, or nullptr.
const Member* find_member(const Rule& rule, std::string_view group, std::string_view person);

// What is true now, given by the caller whenever something is decided or spent.
struct Current {
  Digest policy{};  // as lowered now for the request's role and action
  Rule rule;        // as it stands now, with the people and keys of now
};

}  // namespace pawl::approval
