// pawl requests, pawl show: what agents asked for.
#include <boost/json/array.hpp>
#include <memory>

#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/orders.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/request_view.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

struct ListOptions {
  bool all = false;
  bool json = false;
};
struct ShowOptions {
  std::string id;
  bool json = false;
};

Outcome<ExitCode> list(const ListOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  const auto requests = TRY(list_requests(broker.client, options.all));
  if (options.json) {
    boost::json::array array;
    for (const wire::RequestInfo& info : requests) array.push_back(json_of(info));
    TRY(print_json(array));
  } else {
    TRY(print(request_table(requests, now_milliseconds()) + freeze_notice(broker.client)));
  }
  return ExitCode::done;
}

Outcome<ExitCode> show(const ShowOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  const auto shown = TRY(broker.client.ask<wire::RequestShown>(wire::ShowRequest{options.id})).message;
  TRY(check_asked_for(options.id, shown.info.id));
  auto preview = TRY(fetch_preview(broker.client, shown));
  if (options.json) {
    boost::json::object object = json_of(shown);
    object["preview"] =
        preview ? boost::json::value(boost::json::string(*preview)) : boost::json::value(nullptr);
    TRY(print_json(object));
  } else {
    const Reviewed request = TRY(Reviewed::read(shown, std::move(preview)));
    TRY(print(request_text(request)));
  }
  return ExitCode::done;
}

}  // namespace

Action declare_requests(Options& command) {
  auto options = std::make_shared<ListOptions>();
  command.flag("--all", options->all, "also those that are decided, expired or done");
  command.flag("--json", options->json, "one JSON array");
  return [options] { return list(*options); };
}

Action declare_show(Options& command) {
  auto options = std::make_shared<ShowOptions>();
  command.required("ID", options->id, "the request");
  command.flag("--json", options->json, "one JSON object");
  return [options] { return show(*options); };
}

}  // namespace pawl::cli
