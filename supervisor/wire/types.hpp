// Numbers of all messages. Appended, never reused: PROTOCOL.md lists them with who may send each.
#pragma once

#include <cstdint>

namespace pawl::wire {

inline constexpr std::uint32_t kProtocol = 1;

enum class Type : std::uint16_t {
  failure = 1,
  done = 2,

  // people's socket
  hello = 16,
  welcome = 17,
  open_session = 18,
  session_opened = 19,
  resume_session = 20,
  session_resumed = 21,
  list_sessions = 22,
  sessions = 23,
  kill_session = 24,
  list_requests = 25,
  requests = 26,
  show_request = 27,
  request_shown = 28,
  decide = 29,
  decided = 30,
  watch_queue = 31,
  queue_changed = 32,
  read_log = 33,
  log_page = 34,
  get_receipt = 35,
  receipt = 36,
  session_over = 37,
  propose_gate = 38,
  proposal = 39,
  await_proposal = 40,
  read_preview = 42,
  preview = 43,
  propose_rollback = 44,
  rollback_proposed = 45,

  list_people = 46,
  people_shown = 47,
  give_order = 48,
  order_given = 49,
  confirm_order = 50,
  get_checkpoint = 58,
  log_checkpoint = 59,

  // a session's agent socket
  agent_hello = 64,
  agent_welcome = 65,
  propose = 66,
  await_request = 67,
  request_status = 68,

  // broker and its own processes
  spawn = 96,
  egress_setup = 97,
  egress_connect = 98,
  egress_connected = 99,
  egress_report = 100,
  dial = 101,
  dialed = 102,
};

}  // namespace pawl::wire
