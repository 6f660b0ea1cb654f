#include "supervisor/broker/programs.hpp"

#include "sandbox/base/own_programs.hpp"

namespace pawl::broker {
Result<Programs> Programs::find() {
  return Programs{TRY(find_program("pawl-launch")), TRY(find_program("pawl-egress")),
                  TRY(find_program("pawl-dial")), TRY(find_program("pawl-agent"))};
}

}  // namespace pawl::broker
