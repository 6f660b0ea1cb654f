// A ledger under the system broker in which alice is the first person and the others ask to be enrolled: the
// world's queue, and a directory that follows it.
#pragma once

#include <string>
#include <vector>

#include "supervisor/approval/directory.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

namespace pawl::test {

class Society {
 public:
  enum class Home { embedded, system };
  explicit Society(Home home = Home::system);

  receipt::Order order(receipt::OrderVerb verb, const std::string& name, const std::string& by);
  // By the key of that name in World::keys, over what write_order() gives.
  std::string sign(const receipt::Order& order, const std::string& key) const;
  std::string statement(const receipt::Order& order) const { return receipt::write_order(order).value(); }

  // Judges and commits, as the broker does. `keys`: who signs, in the order's order.
  Result<> propose(const receipt::Order& order, const std::vector<std::string>& keys);
  Result<> confirm(const receipt::Order& order, const std::string& key);
  Result<> carry_out(const receipt::Order& order, const std::string& key);
  // A key of World::keys for that person, vouched for by alice.
  void enroll(const std::string& person, const std::string& key,
              const std::vector<std::string>& groups = {"sre"});

  Result<> commit(Result<approval::Step> step);
  void note(ledger::Kind kind, boost::json::object body);
  // A directory that has replayed the ledger.
  approval::Directory replayed() const;
  std::string line(const std::string& key) const { return world.keys.at(key).line(); }

  World world;
  approval::Directory directory;

 private:
  std::uint64_t next_ = 0;
};

}  // namespace pawl::test
