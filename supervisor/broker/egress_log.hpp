// What a session's egress did, on its way to the ledger: gathered for a second, because a ledger entry each
// would let an agent keep the disk busy. What does not fit is counted, never silently dropped. Runs in pawld.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>

#include "supervisor/broker/loop.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::broker {

class EgressLog {
 public:
  using Write = std::function<void(boost::json::object)>;

  EgressLog(Loop& loop, std::string session, Write write)
      : loop_(loop), session_(std::move(session)), write_(std::move(write)) {}
  ~EgressLog() { flush(); }

  void add(const wire::EgressReport& report);
  // The session's network side does not work, and why; the same again within a second is counted only.
  void add_trouble(const std::string& why);

 private:
  void flush();

  Loop& loop_;
  std::string session_;
  Write write_;
  boost::json::array gathered_;
  boost::json::array troubles_;
  std::uint64_t omitted_ = 0;
  std::unique_ptr<Loop::Handle> timer_;
};

}  // namespace pawl::broker
