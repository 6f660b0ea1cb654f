// From the agent's request to the one that goes up, and back: which requests are taken at all, what is
// dropped, what is put in. Pure. Runs in pawl-egress; the heads are the agent's and the upstream's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "supervisor/egress/http_head.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::egress {

// A request that a model route never takes: tunnels, upgrades, TRACE, absolute targets, paths that climb.
std::optional<Refusal> objection_to(const RequestHead& head);

// Headers that carry credentials at some vendor: the agent's own value never goes up, in any of them (hazard
// 48).
// `_` counts as `-`: some servers read them as one.
bool is_credential_slot(std::string_view header);
// Headers that make a request another one behind a proxy's back (X-HTTP-Method-Override, X-Original-URL,
// X-Forwarded-*); dropped as well.
bool is_pretence(std::string_view header);
// The target below the route's base path, without credential parameters (key=, api_key=, access_token= …,
// also percent-encoded). Where nothing is dropped the agent's bytes are kept exactly.
std::string upstream_target(std::string_view base_path, std::string_view target);

// What goes up but for the credential and the empty line.
std::string upstream_lines(const RequestHead& head, const Framing& framing, const wire::Route& route);
// The head that goes up, of those lines, secret and all: the caller wipes it. Refuses a secret that would
// break the header line.
Result<std::string> upstream_head(std::string_view lines, const wire::Route& route, std::string_view secret);

enum class AfterAnswer : std::uint8_t { keep_open, close };
// The head that goes to the agent. Location and the like stay as they are: a redirect is the agent's to
// follow, and then judged afresh. Set-Cookie is dropped: it may be a credential that the injected one bought.
std::string agent_head(const ResponseHead& head, const Framing& framing, AfterAnswer after);
// An answer that cannot be passed on: an upgrade, or a compressed body, in which an echoed secret would go
// unseen.
std::optional<Refusal> objection_to(const ResponseHead& head);

// Whether the agent will send another request on this connection.
AfterAnswer wanted_after(const RequestHead& head);
bool expects_continue(const RequestHead& head);

}  // namespace pawl::egress
