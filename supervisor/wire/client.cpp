// Runs in pawl and pawl-agent; reads the broker's bytes.
#include "supervisor/wire/client.hpp"

namespace pawl::wire {
namespace {

AskError unreachable(std::string text) {
  return {AskError::Kind::unreachable,
          {FailureKind::failed, std::move(text), "is the broker running? try again"}};
}

}  // namespace

std::expected<void, AskError> Client::send(const Bytes& ask, std::span<const int> descriptors) const {
  if (auto sent = channel_.send(ask, descriptors); !sent)
    return std::unexpected(unreachable("the broker cannot be reached: " + sent.error().text()));
  return {};
}

std::expected<Packet, AskError> Client::receive() const {
  auto received = channel_.receive();
  if (!received)
    return std::unexpected(unreachable("the broker cannot be reached: " + received.error().text()));
  if (!received->has_value()) return std::unexpected(unreachable("the broker closed the connection"));
  return **std::move(received);
}

AskError Client::garbled(const Error& error) {
  return {AskError::Kind::unreachable,
          {FailureKind::failed, "the broker's answer makes no sense: " + error.text(),
           "client and broker differ in version; restart the broker"}};
}

}  // namespace pawl::wire
