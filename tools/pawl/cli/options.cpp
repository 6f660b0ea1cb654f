#include "tools/pawl/cli/options.hpp"

#include <CLI/App.hpp>

namespace pawl::cli {

void Options::flag(const char* names, bool& value, const char* help) {
  command_.add_flag(names, value, help);
}

void Options::optional(const char* names, std::string& value, const char* help) {
  command_.add_option(names, value, help);
}

void Options::optional(const char* names, std::vector<std::string>& values, const char* help) {
  command_.add_option(names, values, help);
}

void Options::optional(const char* names, std::uint64_t& value, const char* help) {
  command_.add_option(names, value, help);
}

void Options::repeated(const char* names, std::vector<std::string>& values, const char* help) {
  command_.add_option(names, values, help)->allow_extra_args(false);
}

void Options::required(const char* names, std::string& value, const char* help) {
  command_.add_option(names, value, help)->required();
}

void Options::required_count(const char* names, unsigned& value, unsigned highest, const char* help) {
  command_.add_option(names, value, help)->required()->check(CLI::Range(1U, highest));
}

}  // namespace pawl::cli
