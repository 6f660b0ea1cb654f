// Every frame decoder of the broker's surface and of its own processes, and the plan that pawl-launch reads.
// What decodes must encode to the same bytes again.
#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "sandbox/base/codec.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/plan.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/gate_messages.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "supervisor/wire/orders_messages.hpp"
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

// Every message that there is (supervisor/wire/PROTOCOL.md): each takes its own type only.
constexpr void (*kFrames[])(ByteSpan) = {
    frame<wire::Failure>,          frame<wire::Done>,           frame<wire::Hello>,
    frame<wire::Welcome>,          frame<wire::OpenSession>,    frame<wire::SessionOpened>,
    frame<wire::ResumeSession>,    frame<wire::SessionResumed>, frame<wire::ListSessions>,
    frame<wire::Sessions>,         frame<wire::KillSession>,    frame<wire::ListRequests>,
    frame<wire::Requests>,         frame<wire::ShowRequest>,    frame<wire::RequestShown>,
    frame<wire::Decide>,           frame<wire::Decided>,        frame<wire::WatchQueue>,
    frame<wire::QueueChanged>,     frame<wire::ReadLog>,        frame<wire::LogPage>,
    frame<wire::GetReceipt>,       frame<wire::Receipt>,        frame<wire::AgentHello>,
    frame<wire::ReadPreview>,      frame<wire::Preview>,        frame<wire::ProposeRollback>,
    frame<wire::RollbackProposed>, frame<wire::AgentWelcome>,   frame<wire::Propose>,
    frame<wire::AwaitRequest>,     frame<wire::RequestStatus>,  frame<wire::Spawn>,
    frame<wire::EgressSetup>,      frame<wire::EgressConnect>,  frame<wire::EgressConnected>,
    frame<wire::EgressReport>,     frame<wire::Dial>,           frame<wire::Dialed>,
    frame<wire::ListPeople>,       frame<wire::PeopleShown>,    frame<wire::GiveOrder>,
    frame<wire::OrderGiven>,       frame<wire::ConfirmOrder>,   frame<wire::ProposeGate>,
    frame<wire::Proposal>,         frame<wire::AwaitProposal>,  frame<wire::GetCheckpoint>,
    frame<wire::LogCheckpoint>,
};
// What has no type in front is chosen by a byte that no type begins with.
constexpr std::uint8_t kCommand = 0xff, kReport = 0xfe, kPlan = 0xfd;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan rest(data + 1, size - 1);
  if (data[0] == kCommand) bare<sandbox::Command>(rest);
  if (data[0] == kReport) bare<sandbox::Report>(rest);
  if (data[0] == kPlan) plan(rest);
  for (const auto decode : kFrames) decode(ByteSpan(data, size));
  return 0;
}
