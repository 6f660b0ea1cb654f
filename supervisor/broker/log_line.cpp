#include "supervisor/broker/log_line.hpp"

#include <unistd.h>

namespace pawl::broker {

void log_line(const std::string& text) {
  const std::string line = "pawld: " + text + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pawl::broker
