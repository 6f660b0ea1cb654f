// What the files of the probe share (probe.cpp).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

using Words = std::vector<std::string>;

struct Verb {
  const char* name;
  std::size_t words;
  int (*run)(const Words&);
};

// A line NAME=VALUE, which the harness finds.
void tell(const char* name, const std::string& value);
int number(const std::string& word);

std::span<const Verb> limit_verbs();  // probe_limits.cpp
