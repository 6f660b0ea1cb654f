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
  std::uint32_t least = 0;  // so many of the quorum must approve as its members
  std::int64_t after = 0;   // seconds after the request from which its members may approve
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("members", self.members);
    archive("least", self.least);
    archive("after", self.after);
  }
  bool operator==(const Group&) const = default;
};

inline constexpr std::int64_t kLongestLimit = 24 * 60 * 60;  // seconds: of a cooldown, and of a rate's time

// At most so many requests of one asker for one action within so many seconds.
struct RateLimit {
  std::uint32_t requests = 0;
  std::int64_t within = 0;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("requests", self.requests);
    archive("within", self.within);
  }
  bool operator==(const RateLimit&) const = default;
};

struct Rule {
  std::string name;
  std::uint32_t quorum = 0;  // distinct persons, at least 1
  std::vector<Group> from;
  bool allow_launcher = false;  // the launcher may approve (a file's key, hence a bool)
  std::int64_t expires = 0;     // seconds from the request to its expiry
  bool hardware = false;        // every member's key is a security key's (a file's key, hence a bool)
  bool emergency = false;       // each approval needs a reason (a file's key, hence a bool)
  std::int64_t cooldown = 60;   // seconds after a denial before the same asker may ask for the same again
  std::vector<RateLimit> rates;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("name", self.name);
    archive("quorum", self.quorum);
    archive("from", self.from);
    archive("allow_launcher", self.allow_launcher);
    archive("expires", self.expires);
    archive("hardware", self.hardware);
    archive("emergency", self.emergency);
    archive("cooldown", self.cooldown);
    archive("rates", self.rates);
  }
  bool operator==(const Rule&) const = default;
};

// Coherent, and satisfiable for a request by this launcher: quorum at least 1 and not below what the groups
// need together, groups with distinct names that open before the request expires, no key in two persons'
// hands, security keys alone where the rule wants them, enough distinct persons with keys who may approve.
Result<> check_rule(const Rule& rule, std::string_view launcher);

// The member of that group, or nullptr.
const Member* find_member(const Rule& rule, std::string_view group, std::string_view person);

const Group* find_group(const Rule& rule, std::string_view group);

// What is true now, given by the caller whenever something is decided or spent.
struct Current {
  Digest policy{};  // as lowered now for the request's role and action
  Rule rule;        // as it stands now, with the people and keys of now
};

}  // namespace pawl::approval
