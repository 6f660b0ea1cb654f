// Path patterns of Protection: `*` stays within a segment, a segment `**` stands for any number of segments,
// everything else is literal. A pattern without '/' matches a name at every depth; one with '/' is relative
// to the top. No regular expressions: a hostile name costs at most the product of the lengths. Runs in the
// launcher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::sandbox {

bool matches_segment(std::string_view pattern, std::string_view name);
bool matches_path(std::string_view pattern, std::string_view path);

// All patterns at once, followed down a tree one name at a time.
class PatternSet {
 public:
  // How far a pattern has got at some directory.
  struct Position {
    std::uint32_t pattern;
    std::uint32_t segment;  // the first one not yet consumed
    bool operator==(const Position&) const = default;
  };
  using State = std::vector<Position>;

  explicit PatternSet(const std::vector<std::string>& patterns);

  State start() const;
  // The state after going into `name`; empty: nothing below can match.
  State enter(const State& state, std::string_view name) const;
  // Whether a pattern matches `name` exactly. The same as entering and asking matched(), without a new state:
  // most entries of a tree are files, below which nothing is.
  bool matches(const State& state, std::string_view name) const;
  // The patterns that match exactly here.
  std::vector<std::uint32_t> matched(const State& state) const;
  // The patterns of which a segment other than a leading `**` has been consumed: this directory is part of
  // what the pattern names.
  std::vector<std::uint32_t> begun(const State& state) const;

 private:
  void add(State& state, Position position) const;

  std::vector<std::vector<std::string>> patterns_;
};

}  // namespace pawl::sandbox
