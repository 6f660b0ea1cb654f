// The part of the people's conversation that is about people themselves: who counts, and what was taken back.
// Times are Unix milliseconds by the broker's clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/wire/types.hpp"

namespace pawl::wire {

// The whole is asked for in pieces: from the one behind those that are known already.
struct ListPeople {
  static constexpr Type type = Type::list_people;
  std::uint32_t people_from = 0;
  std::uint32_t waiting_from = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.people_from, self.waiting_from);
  }
};

enum class Standing : std::uint8_t {
  live,      // counts
  proposed,  // in people.toml, and not enrolled
  dropped,   // enrolled, and not in people.toml
  revoked,   // a key that was revoked for good
};
constexpr Standing last_of(Standing) { return Standing::revoked; }

// A key (its line) or a group (its name, without '@') of a person.
struct Holding {
  std::string what;
  Standing standing = Standing::live;
  std::string voucher;     // empty: nobody, the file alone says so
  std::int64_t since = 0;  // 0: not enrolled

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.what, self.standing, self.voucher, self.since);
  }
};

struct PersonShown {
  std::string name;
  std::vector<std::uint32_t> uids;
  std::vector<Holding> keys;
  std::vector<Holding> groups;
  std::string revoked_by;  // empty: not revoked

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.uids, self.keys, self.groups, self.revoked_by);
  }
};

struct WaitingShown {
  std::string id;
  std::string statement;  // receipt/order.hpp
  std::uint32_t uid = 0;  // whose process asked
  std::int64_t received = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.statement, self.uid, self.received);
  }
};

struct BanShown {
  std::string name;  // role or fingerprint; of a freeze empty: everything
  std::string by;
  std::string reason;
  std::int64_t since = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.by, self.reason, self.since);
  }
};

struct PeopleShown {
  static constexpr Type type = Type::people_shown;
  std::vector<PersonShown> people;
  std::vector<WaitingShown> waiting;  // oldest first
  std::vector<BanShown> freezes;      // this and what follows: whole in every piece
  std::vector<BanShown> revoked_roles;
  std::vector<BanShown> revoked_keys;
  bool more = false;  // ask again for what follows

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.people, self.waiting, self.freezes, self.revoked_roles, self.revoked_keys, self.more);
  }
};

struct GiveOrder {
  static constexpr Type type = Type::give_order;
  std::string statement;  // the signed bytes (receipt/order.hpp)
  std::vector<std::string>
      signatures;  // armored SSHSIG over their DSSE PAE: the new key's, then the old one's

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.statement, self.signatures);
  }
};

struct OrderGiven {
  static constexpr Type type = Type::order_given;
  std::string id;
  bool waits = false;  // for a second person
  std::string told;    // one line: what came of it

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.waits, self.told);
  }
};

struct ConfirmOrder {
  static constexpr Type type = Type::confirm_order;
  std::string id;         // or a unique prefix of at least 8
  std::string signature;  // over the statement that waits

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.signature);
  }
};

}  // namespace pawl::wire
