// The broker: decides who may open which session, what may be asked, when a receipt is enough, and performs
// the action. One thread, one loop. Runs in pawld. Everything that a peer says comes in through the surface
// (surface.cpp); what each ask does stands in the answer_*.cpp files; what follows an approval in
// perform.cpp.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "supervisor/broker/books.hpp"
#include "supervisor/broker/connection.hpp"
#include "supervisor/broker/draft.hpp"
#include "supervisor/broker/execution.hpp"
#include "supervisor/broker/front.hpp"
#include "supervisor/broker/limit_log.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/broker/policy_store.hpp"
#include "supervisor/broker/programs.hpp"
#include "supervisor/broker/rate.hpp"
#include "supervisor/broker/services.hpp"
#include "supervisor/broker/session.hpp"
#include "supervisor/broker/spawner.hpp"
#include "supervisor/broker/waiting.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/order.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "supervisor/wire/gate_messages.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "supervisor/wire/orders_messages.hpp"
#include "supervisor/wire/paths.hpp"
#include "supervisor/wire/people_messages.hpp"

namespace pawl::broker {

inline constexpr std::uint64_t kMaxDocument = 64 * 1024;  // bytes of an action document: it fits one answer

// The same as a string in JSON: with the decisions and the ledger's entry it fits one answer as a receipt.
inline constexpr std::uint64_t kMaxEscapedDocument = 80 * 1024;

// What was ended because somebody took it back.
struct Enforced {
  std::size_t sessions = 0, absent = 0, requests = 0, actions = 0;  // absent: whose launcher is away
  bool unrecorded = false;                                          // it ended, and is not on record yet
  std::string in_words() const;
};

struct Setup {
  wire::Paths paths;
  Programs programs;
  OuterIdentity helpers;  // who actions, pawl-egress and pawl-dial run as
};

class Broker {
 public:
  // Opens policy, ledger and sockets; serves when the loop runs. The spawner was started before.
  static Result<std::unique_ptr<Broker>> open(Loop& loop, Spawner spawner, Setup setup);

  ~Broker();

  // False once it had to stop because the ledger could not be written.
  bool healthy() const { return !shut_; }

  // Called by the surface once it has checked who asks, when, and how often.
  void answer_hello(const ConnectionPtr&, const wire::Hello&, std::vector<UniqueFd>);
  void answer_open_session(const ConnectionPtr&, const wire::OpenSession&, std::vector<UniqueFd>);
  void answer_resume_session(const ConnectionPtr&, const wire::ResumeSession&, std::vector<UniqueFd>);
  void answer_list_sessions(const ConnectionPtr&, const wire::ListSessions&, std::vector<UniqueFd>);
  void answer_kill_session(const ConnectionPtr&, const wire::KillSession&, std::vector<UniqueFd>);
  void answer_list_requests(const ConnectionPtr&, const wire::ListRequests&, std::vector<UniqueFd>);
  void answer_show_request(const ConnectionPtr&, const wire::ShowRequest&, std::vector<UniqueFd>);
  void answer_decide(const ConnectionPtr&, const wire::Decide&, std::vector<UniqueFd>);
  void answer_watch_queue(const ConnectionPtr&, const wire::WatchQueue&, std::vector<UniqueFd>);
  void answer_read_log(const ConnectionPtr&, const wire::ReadLog&, std::vector<UniqueFd>);
  void answer_get_receipt(const ConnectionPtr&, const wire::GetReceipt&, std::vector<UniqueFd>);
  void answer_read_preview(const ConnectionPtr&, const wire::ReadPreview&, std::vector<UniqueFd>);
  void answer_propose_rollback(const ConnectionPtr&, const wire::ProposeRollback&, std::vector<UniqueFd>);
  void answer_list_people(const ConnectionPtr&, const wire::ListPeople&, std::vector<UniqueFd>);
  void answer_give_order(const ConnectionPtr&, const wire::GiveOrder&, std::vector<UniqueFd>);
  void answer_confirm_order(const ConnectionPtr&, const wire::ConfirmOrder&, std::vector<UniqueFd>);
  void answer_propose_gate(const ConnectionPtr&, const wire::ProposeGate&, std::vector<UniqueFd>);
  void answer_await_proposal(const ConnectionPtr&, const wire::AwaitProposal&, std::vector<UniqueFd>);
  void answer_get_checkpoint(const ConnectionPtr&, const wire::GetCheckpoint&, std::vector<UniqueFd>);
  void answer_agent_hello(const ConnectionPtr&, const wire::AgentHello&, std::vector<UniqueFd>);
  void answer_propose(const ConnectionPtr&, const wire::Propose&, std::vector<UniqueFd>);
  void answer_await_request(const ConnectionPtr&, const wire::AwaitRequest&, std::vector<UniqueFd>);

 private:
  Broker(Loop& loop, Spawner spawner, Setup setup, std::unique_ptr<Books> books);

  // life
  Result<> open_doors();
  void recall_sessions();
  void tick();            // expiry, the clock, idleness
  void changed();         // the queue moved: waiters look again, the next expiry is set
  void retry_approved();  // approved, and not spent: after a restart, or when the disk was full
  // Recorded (durable with the end of this turn of the loop, before anything leaves: Books), or an error;
  // when the ledger cannot tell what it holds, the broker stops.
  Result<> commit(approval::Step step);
  Result<> look_at_clock();
  Result<> note(ledger::Kind kind, boost::json::object body);
  Result<> announce(const policy::Policy& policy);
  void settle();
  void shut(const std::string& why);

  // people
  // nullptr: people.toml does not know them. While the policy is not valid, nobody is known.
  Result<const policy::Person*> person_of(const Connection& connection);
  // Who may list, show and read the log: a known person, root, and whose own broker it is. Others are told
  // why not.
  bool admit_reviewer(Connection& connection);
  // answer_people.cpp: who counts, by signed orders. What came of it, in words.
  Result<> enroll_first();
  Result<const policy::Person*> ordering_person(const policy::Policy& policy, const receipt::Order& order,
                                                const std::string& signature) const;
  Result<std::string> ask_to_enroll(const Connection& connection, const receipt::Order& order,
                                    const wire::GiveOrder& ask);
  Result<> confirm_order(const Connection& connection, const policy::Policy& policy,
                         const approval::WaitingOrder& waits, const std::string& signature);
  Result<std::string> take_from_people(const Connection& connection, const receipt::Order& order,
                                       const wire::GiveOrder& ask);
  // take_back.cpp: what may act, by signed orders.
  Result<std::string> take_back(const Connection& connection, const receipt::Order& order,
                                const wire::GiveOrder& ask);
  Result<std::string> role_in_question(const policy::Policy& policy, const receipt::Order& order) const;
  Result<> may_stand(const approval::Request& request) const;
  Enforced enforce(const std::string& by);

  // sessions (sessions.cpp)
  Result<wire::SessionOpened> open_session(const Connection& caller, const wire::OpenSession& ask,
                                           int workspace, UniqueFd& launcher_end);
  Result<UniqueFd> link_launcher(Session& session);
  Result<> open_agent_door(Session& session);
  void hear_launcher(const std::string& id, const sandbox::Report* report, std::vector<UniqueFd> descriptors);
  void session_running(Session& session, std::vector<UniqueFd> descriptors);
  void doom_session(const ConnectionPtr& connection, Session& session, const std::string& by);
  // On record: it ends when its launcher returns.
  Result<> doom(Session& session, const std::string& by);
  Result<> admit_session(std::uint32_t uid);
  void expect_launcher(Session& session, std::chrono::milliseconds time, const std::string& otherwise);
  // Revoked first, on record, then killed. Also where it has ended: what it asked for may still wait or run.
  Result<> kill_session(const std::string& id, const std::string& by);
  void kill_processes(std::unique_ptr<LaunchLink> launcher, UniqueFd pidfd);
  Result<std::string> find_session_ever(const std::string& prefix);
  // Its authority ends here, also where that could not be recorded.
  Result<> session_ended(Session& session, int exit_code, const std::string& how);
  void remember_ended(wire::SessionInfo info);
  Result<policy::Role> role_of(const Session& session, const policy::Policy& policy) const;
  std::string session_directory(const std::string& id) const;

  // egress (session_routes.cpp)
  void start_routes(Session& session, std::vector<UniqueFd> listeners);
  void connect_route(const std::string& session, const std::string& route,
                     std::function<void(wire::EgressConnected, UniqueFd)> done);

  // requests (propose.cpp, present.cpp)
  Result<Draft> draft_for(Session& session, const wire::Propose& ask, std::vector<UniqueFd>& files);
  Result<> may_be_asked(const policy::Policy& policy, const policy::Role& role,
                        const policy::Action& action) const;
  Result<Draft> draft(const policy::Policy& policy, const policy::Role& role, const policy::Action& action,
                      Wanted wanted, Adoption adoption);
  Result<Filed> file(Draft& draft);
  Result<> keep_apart_from_agents(const policy::Action& action) const;
  Result<approval::Current> current_for(const policy::Policy& policy, const approval::Request& request) const;
  // gates (propose_gate.cpp): asked by a person on their own, released to a pipeline
  struct Asking {
    Rate proposals{60};                 // also those that are refused: each costs a durable entry
    Rate awaits{600};                   // each keeps a waiter and wakes it with every change
    Rate pinned{256ull * 1024 * 1024};  // bytes of inputs that are copied for them
  };
  Result<Filed> propose_gate(const policy::Person& person, const wire::ProposeGate& ask,
                             std::vector<UniqueFd>& files);
  Result<approval::Current> current_for_gate(const policy::Policy& policy, const policy::Role* role,
                                             const approval::Request& request) const;
  Result<> release(const approval::Request& request, const approval::Current& current);
  policy::ActionContext action_context(const policy::Policy& policy, const std::string& request,
                                       const std::string& executable,
                                       std::vector<policy::CheckedParameter> parameters) const;
  Result<receipt::Document> document_of(const approval::Request& request);
  const std::string& summary_of(const approval::Request& request);
  std::string output_of(const std::optional<Digest>& blob, bool& truncated);
  std::string frozen_in_words(const approval::Request& request) const;
  wire::RequestInfo info_of(const approval::Request& request);
  wire::RequestStatus status_of(const approval::Request& request);
  void notify(const approval::Request& request);
  bool tell_escalations();  // true: the queue moved
  // Starts the operator's command for these groups of the request; nothing where there is none.
  void ring(const approval::Request& request, std::string_view event, const std::vector<std::string>& groups);
  std::string notifier();  // the program that is started; empty: none

  // previews (preview.cpp): before anyone is asked, and again when enough have approved
  // Tells, at once or when the preview is made; who has hung up by then has asked for nothing.
  void submit(const ConnectionPtr& connection, Draft draft, Told told);
  Result<Execution::Start> preview_start(const policy::Policy& policy, const policy::Role& role,
                                         const policy::Action& action,
                                         const receipt::ActionDocument& document, const std::string& id);
  void wait_for_preview(const ConnectionPtr& connection, const std::string& id, Told told);
  void previewed(const std::string& id, ExecutionResult result);
  Result<Filed> file_previewed(Draft& draft, ExecutionResult result);
  void end_previews(const std::string& session);
  Result<> recheck(const policy::Policy& policy, const policy::Role& role, const policy::Action& action,
                   const receipt::ActionDocument& document, const approval::Request& request);
  void rechecked(const std::string& id, ExecutionResult result);
  void ask_again(const approval::Request& before, const std::string& output);
  void retire(std::unique_ptr<Execution> execution);
  std::string preview_text(const approval::Request& request);

  // rollbacks (rollback.cpp)
  Result<Draft> draft_rollback(const approval::Request& original, const std::string& person,
                               const std::string& why);
  std::string rollback_of(const approval::Request& request);

  // what follows an approval (perform.cpp)
  enum class Looked : std::uint8_t { when_asked, again };  // when the preview was made last
  void perform(const std::string& id, Looked looked = Looked::when_asked);
  Result<> perform_now(const std::string& id, Looked looked);
  void performed(const std::string& id, ExecutionResult result);

  Loop& loop_;
  Spawner spawner_;
  Setup setup_;
  std::unique_ptr<Books> books_;
  PolicyStore policy_;
  Services services_;
  Waiting waiting_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
  std::map<std::uint32_t, Rate> openings_;  // of each uid
  LimitLog limit_log_;
  std::map<std::string, Asking> asking_;  // of each person
  // What was told to die, until it has had time to hear that.
  struct Dying {
    std::unique_ptr<LaunchLink> launcher;
    std::unique_ptr<Loop::Handle> timer;
  };
  std::list<Dying> dying_;
  std::deque<wire::SessionInfo> ended_sessions_;  // the newest last
  std::map<std::string, std::unique_ptr<Execution>> executions_;
  Unclaimed unclaimed_;
  std::map<std::string, Previewing> previews_;                  // by the id that the request would have
  std::map<std::string, std::unique_ptr<Execution>> rechecks_;  // by request
  std::vector<std::unique_ptr<Execution>> retired_;             // over, and perhaps still calling
  std::map<std::uint32_t, Rate> rollbacks_;                     // of each uid
  std::unique_ptr<Loop::Handle> tick_;
  std::unique_ptr<Loop::Handle> spawner_watch_;
  boost::json::array people_;                               // as the ledger has them
  std::map<Digest, std::string> summaries_;                 // by document
  std::map<Digest, std::pair<std::string, bool>> outputs_;  // what is shown of a blob; true: it is cut
  std::int64_t busy_until_ = 0;  // boot clock, ms: an embedded broker without work leaves after it
  bool shut_ = false;
  Front front_;  // last: what a connection's end looks for is there until all are gone
};

}  // namespace pawl::broker
