#include "tools/pawl/cli/broker.hpp"

namespace pawl::cli {

using tools::Outcome;

Outcome<tools::Greeted> reach_broker() { return tools::greet_people(TRY(wire::client_paths())); }

Outcome<std::vector<wire::RequestInfo>> list_requests(const wire::Client& client, bool all) {
  std::vector<wire::RequestInfo> list;
  for (wire::Requests page{{}, true}; page.more;) {
    page =
        TRY(client.ask<wire::Requests>(wire::ListRequests{all, list.empty() ? "" : list.back().id})).message;
    if (page.more && page.list.empty())
      return tools::trouble(tools::ExitCode::unreachable, "the broker's list of requests has no end",
                            "client and broker differ in version; restart the broker");
    list.insert(list.end(), page.list.begin(), page.list.end());
  }
  return list;
}

}  // namespace pawl::cli
