#include "supervisor/egress/refusal.hpp"

#include <boost/json.hpp>

namespace pawl::egress {
namespace {

std::string_view phrase(unsigned status) {
  switch (status) {
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

}  // namespace

std::string refusal_answer(const Refusal& refusal, const std::string& route, AfterAnswer after) {
  const std::string message = "pawl: route " + route + ": " + refusal.reason;
  const boost::json::value answer = {{"type", "error"},
                                     {"error", {{"type", "pawl_refused"}, {"message", message}}}};
  const std::string body = boost::json::serialize(answer) + "\n";
  std::string text = "HTTP/1.1 " + std::to_string(refusal.status) + " " + std::string(phrase(refusal.status));
  text += "\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: ";
  text += std::to_string(body.size());
  text +=
      after == AfterAnswer::close ? "\r\nConnection: close\r\n\r\n" : "\r\nConnection: keep-alive\r\n\r\n";
  return text + body;
}

}  // namespace pawl::egress
