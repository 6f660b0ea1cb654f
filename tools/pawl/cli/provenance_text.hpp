// How a signature came to be, for people and for scripts. Runs as the person; what is shown comes from
// reviewers' keys and from authorities.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "supervisor/receipt/provenance.hpp"

namespace pawl::cli {

// "key SHA256:…", "security key SHA256:…, touched, user verified, counter 7", "… by certificate 12 …". One
// line.
std::string provenance_text(const receipt::Provenance& made);
// {person, key, device, certificate, origin}; null where there is none.
boost::json::object provenance_json(const std::string& person, const receipt::Provenance& made);

}  // namespace pawl::cli
