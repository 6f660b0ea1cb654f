// The keys that take a person away from a session without ending it: found in what is typed, and never typed
// into the command. Pure; reads the person's keystrokes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::run {

// Ctrl-\ twice: SIGQUIT is what nobody asks for twice, and no agent's program binds the pair.
inline constexpr char kDefaultDetachKeys[] = "ctrl-\\,ctrl-\\";

class DetachKeys {
 public:
  // "ctrl-a,d": keys in turn, each "ctrl-X" or one printable character; "none": no keys.
  static Result<DetachKeys> parse(std::string_view text);

  struct Typed {
    std::string pass;  // for the command
    bool detach = false;
  };
  // Keys that could be the beginning are held back.
  Typed type(std::string_view bytes);
  bool holding() const { return !held_.empty(); }
  // They were not: for the command.
  std::string let_go();

  // "Ctrl-\ Ctrl-\", for people; empty: none.
  std::string name() const;

 private:
  struct Key {
    std::size_t size = 1;  // bytes
    int byte = -1;         // what it types on a plain terminal; -1: some other key
    enum class Does : std::uint8_t { type, nothing } does = Does::type;  // nothing: a release, a modifier
  };
  static Key first_key(std::string_view bytes);

  std::vector<int> keys_;
  std::size_t matched_ = 0;
  std::string held_;
};

}  // namespace pawl::run
