// Redirect rules as a session's network has them (sandbox/capture.hpp), made in a network namespace of the
// probe's own. Runs in pawl-probe.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/capture.hpp"
#include "sandbox/netns.hpp"
#include "sandbox/nftables.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

constexpr char kElsewhere[] = "203.0.113.7";  // RFC 5737: nobody's
constexpr std::uint16_t kPort = 443;

Result<> connect_elsewhere() {
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  if (::inet_pton(AF_INET, kElsewhere, &to.sin_addr) != 1 ||
      ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
    return failed("connect to " + std::string(kElsewhere));
  return {};
}

Result<> redirect_inside(const Ground& ground) {
  TRY(sandbox::bring_loopback_up());
  if (connect_elsewhere()) return got_through("a new network namespace is not an empty one");
  const std::vector<UniqueFd> listeners = TRY(sandbox::capture_traffic());
  if (!connect_elsewhere())
    return got_through("redirect rules were accepted, and connections are not redirected");
  // As the session, whose user namespace does not own the network.
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, 0));
    if (sandbox::touch_nft_table("pawl"))
      return got_through("a nested user namespace may change the rules of the network");
    return {};
  });
}

}  // namespace

Result<> try_redirect(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNET));
    return redirect_inside(ground);
  });
}

}  // namespace pawl::probe
