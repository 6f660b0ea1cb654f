// Decisions whose signatures were checked before: each is checked once, however often it counts. Only for
// `log verify`; the broker checks anew whenever something is decided or spent. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/statement.hpp"

namespace pawl::approval {

class CheckedDecisions {
 public:
  // What receipt::check_signed() made of this very evidence.
  void add(receipt::SignedDecision evidence, receipt::Statement statement) {
    const std::string request = statement.binding.request;
    of_request_[request].emplace_back(std::move(evidence), std::move(statement));
  }
  // nullptr: it was not checked.
  const receipt::Statement* find(const std::string& request, const receipt::SignedDecision& evidence) const {
    const auto list = of_request_.find(request);
    if (list == of_request_.end()) return nullptr;
    for (const auto& [checked, statement] : list->second)
      if (checked == evidence) return &statement;
    return nullptr;
  }
  void forget(const std::string& request) { of_request_.erase(request); }

 private:
  std::map<std::string, std::vector<std::pair<receipt::SignedDecision, receipt::Statement>>> of_request_;
};

}  // namespace pawl::approval
