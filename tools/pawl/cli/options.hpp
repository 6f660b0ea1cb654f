// What a verb takes on its command line. The parser behind it (CLI11) costs seconds of compiling in each
// source that sees it, so only options.cpp and main.cpp do. Runs as the person.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pawl::cli {

// `names`: "--json", "-m,--message", or a word such as "ID" for an argument by its place. The variables
// outlive the parsing; what is not given leaves them as they are.
class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}

  void flag(const char* names, bool& value, const char* help);
  void optional(const char* names, std::string& value, const char* help);
  void optional(const char* names, std::vector<std::string>& values, const char* help);
  void optional(const char* names, std::uint64_t& value, const char* help);
  // One value each time that the option is given: what follows are arguments by their place.
  void repeated(const char* names, std::vector<std::string>& values, const char* help);
  void required(const char* names, std::string& value, const char* help);
  // The words behind the first "--", exactly as they were given: the parser would read lists into some.
  void behind_dashes(std::vector<std::string>& words) { behind_dashes_ = &words; }
  std::vector<std::string>* words_behind_dashes() const { return behind_dashes_; }
  void required_count(const char* names, unsigned& value, unsigned highest, const char* help);  // from 1

 private:
  CLI::App& command_;
  std::vector<std::string>* behind_dashes_ = nullptr;
};

}  // namespace pawl::cli
