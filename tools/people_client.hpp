// Connects to the broker's people socket. Runs in pawl and pawl-cli as the person; reads the broker's
// answers.
#pragma once

#include "supervisor/wire/client.hpp"
#include "supervisor/wire/paths.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "tools/trouble.hpp"

namespace pawl::tools {

// Inside a sandbox there is no people's socket, and no decision is taken there.
bool inside_a_session();

// Refuses a server that does not run as the home's owner: embedded, the person; system, whoever owns
// /run/pawl.
Outcome<Channel> connect_people(const wire::Paths& paths);

struct Greeted {
  wire::Paths paths;
  wire::Client client;
  wire::Welcome welcome;
};
// connect_people() and Hello.
Outcome<Greeted> greet_people(const wire::Paths& paths);

}  // namespace pawl::tools
