// The broker's own settings (pawl.toml). Plain data.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pawl::policy {

// Key of `killers` for whatever no role's own list is about.
inline constexpr const char* kEverything = "*";

// Key of `launchers` for roles that `pawl run --policy FILE` brings along.
inline constexpr const char* kHandedRoles = "policy-file";

struct Settings {
  std::string audience;                                       // this broker's name in every receipt
  std::map<std::string, std::vector<std::string>> launchers;  // role → "@group" or person
  std::vector<std::string> notify_command;                    // argv, argv[0] absolute; empty: no notifier
  std::vector<std::string> plain_http;  // "127.0.0.1:8080": loopback upstreams that may be plain http
  // "@group" or person; absent: any enrolled person.
  std::optional<std::vector<std::string>> enrollers;        // who may vouch for others, and remove them
  std::map<std::string, std::vector<std::string>> killers;  // role, or kEverything → who may stop it
  std::string first;        // system home: whom the broker enrols when nobody is; empty: the only person
  std::string action_user;  // system home: the user that actions run as; empty in an embedded home
};

}  // namespace pawl::policy
