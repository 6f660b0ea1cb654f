#include "sandbox/base/error.hpp"

#include <cstring>

namespace pawl {

std::string Error::text() const {
  std::string line = trail;
  if (errnum != 0) {
    const char* name = strerrordesc_np(errnum);
    line += std::string(": ") + (name != nullptr ? name : "unknown error");
  }
  if (!remedy.empty()) line += " (" + remedy + ")";
  return line;
}

std::unexpected<Error> refuse(std::string trail, std::string remedy) {
  return std::unexpected(Error{0, std::move(trail), std::move(remedy)});
}

std::unexpected<Error> failed(std::string step, int errnum) {
  return std::unexpected(Error{errnum, std::move(step), {}});
}

}  // namespace pawl
