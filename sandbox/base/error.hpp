// Errors as values. Every function that can fail returns Result<T>; TRY passes a failure on.
// Runs in every process; reads nobody's bytes.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace pawl {

struct [[nodiscard]] Error {
  int errnum = 0;      // errno of the failing system call; 0: pawl refused, the kernel was never asked
  std::string trail;   // outermost step first: "role coder: mount /proc"
  std::string remedy;  // what the reader can do about it; may be empty

  // The same error, seen from the step around it.
  Error during(std::string_view step) && {
    return {errnum, std::string(step) + ": " + trail, std::move(remedy)};
  }
  Error advising(std::string_view what_to_do) && {
    return {errnum, std::move(trail), remedy.empty() ? std::string(what_to_do) : std::move(remedy)};
  }
  // One line for people: trail, cause in words, remedy in brackets.
  std::string text() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

// pawl itself says no.
std::unexpected<Error> refuse(std::string trail, std::string remedy = {});
// A system call said no: call at once after it, errno is read here.
std::unexpected<Error> failed(std::string step, int errnum = errno);

}  // namespace pawl

// Yields the value of a Result, or returns its error from the enclosing function. The name is unique so that
// a TRY may stand within another's argument.
// NOLINTBEGIN(bugprone-macro-parentheses): on_error is a suffix and name a name, neither is an expression
#define PAWL_TRY_NAMED(name, expression, on_error)                       \
  __extension__({                                                        \
    auto name = (expression);                                            \
    if (!name) return std::unexpected(std::move(name).error() on_error); \
    *std::move(name);                                                    \
  })
#define PAWL_TRY_JOIN(expression, on_error, number) PAWL_TRY_NAMED(try_result_##number, expression, on_error)
// NOLINTEND(bugprone-macro-parentheses)
#define PAWL_TRY_NUMBERED(expression, on_error, number) PAWL_TRY_JOIN(expression, on_error, number)
#define TRY(expression) PAWL_TRY_NUMBERED(expression, , __COUNTER__)
// The same, naming the step that was under way.
#define TRY_DURING(step, expression) PAWL_TRY_NUMBERED(expression, .during(step), __COUNTER__)
