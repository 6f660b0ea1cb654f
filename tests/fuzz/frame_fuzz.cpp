// Every frame decoder of the broker's surface and of its own processes, and the plan that pawl-launch reads.
// The first byte of the input chooses which; what decodes must encode to the same bytes again.
#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "sandbox/base/codec.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/plan.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/people_messages.hpp"
#include "supervisor/wire/service_messages.hpp"

using namespace pawl;

namespace {

template <class Message>
void frame(ByteSpan bytes) {
  const auto message = wire::unframe<Message>(bytes);
  if (message && !std::ranges::equal(wire::frame(*message), bytes)) std::abort();
}

template <class Message>
void bare(ByteSpan bytes) {
  const auto message = codec::decode<Message>(bytes);
  if (message && !std::ranges::equal(codec::encode(*message), bytes)) std::abort();
}

void plan(ByteSpan bytes) {
  const auto decoded = sandbox::decode_plan(bytes, 8);
  if (decoded && !std::ranges::equal(sandbox::encode_plan(*decoded), bytes)) std::abort();
}

constexpr void (*kDecoders[])(ByteSpan) = {
    frame<wire::Hello>,         frame<wire::OpenSession>,
    frame<wire::ResumeSession>, frame<wire::ListSessions>,
    frame<wire::KillSession>,   frame<wire::ListRequests>,
    frame<wire::ShowRequest>,   frame<wire::Decide>,
    frame<wire::WatchQueue>,    frame<wire::ReadLog>,
    frame<wire::GetReceipt>,    frame<wire::AgentHello>,
    frame<wire::Propose>,       frame<wire::AwaitRequest>,
    frame<wire::Failure>,       frame<wire::RequestShown>,
    frame<wire::RequestStatus>, frame<wire::SessionOpened>,
    frame<wire::Sessions>,      frame<wire::Requests>,
    frame<wire::EgressSetup>,   frame<wire::EgressConnect>,
    frame<wire::EgressReport>,  frame<wire::Dialed>,
    frame<wire::Spawn>,         bare<sandbox::Command>,
    bare<sandbox::Report>,      plan,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  kDecoders[data[0] % std::size(kDecoders)](ByteSpan(data + 1, size - 1));
  return 0;
}
