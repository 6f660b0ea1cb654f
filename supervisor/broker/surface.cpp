#include "supervisor/broker/surface.hpp"

#include "supervisor/wire/frame.hpp"

namespace pawl::broker {
namespace {

using wire::Type;

struct Entry {
  Type ask;
  Peer who;
  Phase phase;
  std::uint32_t at_most;    // asks of this type on one connection
  std::size_t descriptors;  // at most this many ride along
  Result<> (*answer)(Broker&, const ConnectionPtr&, Packet&);
};

// Decodes the frame strictly, then calls the broker's member.
template <class Message, auto member>
Result<> call(Broker& broker, const ConnectionPtr& connection, Packet& packet) {
  const Message message = TRY(wire::unframe<Message>(packet.bytes));
  (broker.*member)(connection, message, std::move(packet.descriptors));
  return {};
}

constexpr std::uint32_t kMany = 100'000;

constexpr Entry surface[] = {
    // ask                 who may ask    phase            at most  fds  answered by
    {Type::hello, Peer::person, Phase::greeting, 1, 0, call<wire::Hello, &Broker::answer_hello>},
    {Type::open_session, Peer::person, Phase::working, 1, 1,
     call<wire::OpenSession, &Broker::answer_open_session>},
    {Type::resume_session, Peer::person, Phase::working, 1, 0,
     call<wire::ResumeSession, &Broker::answer_resume_session>},
    {Type::list_sessions, Peer::person, Phase::working, kMany, 0,
     call<wire::ListSessions, &Broker::answer_list_sessions>},
    {Type::kill_session, Peer::person, Phase::working, 1000, 0,
     call<wire::KillSession, &Broker::answer_kill_session>},
    {Type::list_requests, Peer::person, Phase::working, kMany, 0,
     call<wire::ListRequests, &Broker::answer_list_requests>},
    {Type::show_request, Peer::person, Phase::working, kMany, 0,
     call<wire::ShowRequest, &Broker::answer_show_request>},
    {Type::decide, Peer::person, Phase::working, 1000, 0, call<wire::Decide, &Broker::answer_decide>},
    {Type::watch_queue, Peer::person, Phase::working, kMany, 0,
     call<wire::WatchQueue, &Broker::answer_watch_queue>},
    {Type::read_log, Peer::person, Phase::working, kMany, 0, call<wire::ReadLog, &Broker::answer_read_log>},
    {Type::get_receipt, Peer::person, Phase::working, 1000, 0,
     call<wire::GetReceipt, &Broker::answer_get_receipt>},
    {Type::propose_gate, Peer::person, Phase::working, 1000, 16,
     call<wire::ProposeGate, &Broker::answer_propose_gate>},
    {Type::await_proposal, Peer::person, Phase::working, kMany, 0,
     call<wire::AwaitProposal, &Broker::answer_await_proposal>},
    {Type::read_preview, Peer::person, Phase::working, kMany, 0,
     call<wire::ReadPreview, &Broker::answer_read_preview>},
    {Type::propose_rollback, Peer::person, Phase::working, 1000, 0,
     call<wire::ProposeRollback, &Broker::answer_propose_rollback>},
    {Type::list_people, Peer::person, Phase::working, kMany, 0,
     call<wire::ListPeople, &Broker::answer_list_people>},
    {Type::give_order, Peer::person, Phase::working, 1000, 0,
     call<wire::GiveOrder, &Broker::answer_give_order>},
    {Type::confirm_order, Peer::person, Phase::working, 1000, 0,
     call<wire::ConfirmOrder, &Broker::answer_confirm_order>},
    {Type::get_checkpoint, Peer::person, Phase::working, kMany, 0,
     call<wire::GetCheckpoint, &Broker::answer_get_checkpoint>},
    {Type::agent_hello, Peer::agent, Phase::greeting, 1, 0,
     call<wire::AgentHello, &Broker::answer_agent_hello>},
    {Type::propose, Peer::agent, Phase::working, 1000, 16, call<wire::Propose, &Broker::answer_propose>},
    {Type::await_request, Peer::agent, Phase::working, kMany, 0,
     call<wire::AwaitRequest, &Broker::answer_await_request>},
};

const Entry* find(Type type) {
  for (const Entry& entry : surface)
    if (entry.ask == type) return &entry;
  return nullptr;
}

Result<> admit(const Entry* entry, Connection& connection, const Packet& packet) {
  // Not told apart on purpose: an agent learns nothing about what people may ask.
  if (entry == nullptr || entry->who != connection.peer) return refuse("this cannot be asked here");
  if (entry->phase != connection.phase) return refuse("asked out of turn");
  if (packet.descriptors.size() > entry->descriptors) return refuse("too many descriptors");
  if (++connection.asked[entry->ask] > entry->at_most) return refuse("asked too often on one connection");
  return {};
}

}  // namespace

void dispatch(Broker& broker, const ConnectionPtr& connection, Packet packet) {
  const auto type = wire::type_of(packet.bytes);
  const Entry* const entry = type ? find(*type) : nullptr;
  Result<> answered = admit(entry, *connection, packet);
  if (answered) answered = entry->answer(broker, connection, packet);
  if (answered) return;
  connection->refuse(wire::FailureKind::usage, answered.error().text());
  connection->close_after_answer();
}

}  // namespace pawl::broker
