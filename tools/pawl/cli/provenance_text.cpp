#include "tools/pawl/cli/provenance_text.hpp"

#include <fmt/format.h>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/output.hpp"

namespace pawl::cli {

std::string provenance_text(const receipt::Provenance& made) {
  std::string text = made.origin.empty() ? (made.device ? "security key " : "key ")
                                         : "passkey of " + receipt::visible(made.origin) + " ";
  text += receipt::fingerprint(made.key);
  if (made.device)
    text += fmt::format(", touched, user {}verified, counter {}", made.device->user_verified ? "" : "not ",
                        made.device->counter);
  if (made.certificate)
    text += fmt::format(", by certificate {} '{}' of {}, which holds until {}", made.certificate->serial,
                        receipt::visible(made.certificate->key_id),
                        receipt::fingerprint(made.certificate->authority),
                        local_time(static_cast<std::int64_t>(made.certificate->expires) * 1000));
  return text;
}

boost::json::object provenance_json(const std::string& person, const receipt::Provenance& made) {
  boost::json::object object{{"person", person},
                             {"key", receipt::fingerprint(made.key)},
                             {"device", nullptr},
                             {"certificate", nullptr},
                             {"origin", nullptr}};
  if (made.device)
    object["device"] = {{"user_verified", made.device->user_verified}, {"counter", made.device->counter}};
  if (made.certificate)
    object["certificate"] = {{"serial", made.certificate->serial},
                             {"key_id", made.certificate->key_id},
                             {"authority", receipt::fingerprint(made.certificate->authority)},
                             {"expires", made.certificate->expires}};
  if (!made.origin.empty()) object["origin"] = boost::json::string(made.origin);
  return object;
}

}  // namespace pawl::cli
