#include "supervisor/receipt/dsse.hpp"

namespace pawl::receipt {

std::string pre_authentication_encoding(std::string_view body) {
  std::string encoding = "DSSEv1 " + std::to_string(kPayloadType.size()) + " ";
  encoding += kPayloadType;
  encoding += " " + std::to_string(body.size()) + " ";
  encoding += body;
  return encoding;
}

}  // namespace pawl::receipt
