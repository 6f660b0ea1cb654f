// The MCP server on a pair of pipes: one answer a line, and an end when the client's end comes.
#include "tools/pawl-agent/mcp/server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <sstream>
#include <thread>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/base/write_all.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tools/pawl-agent/mcp/message.hpp"

using namespace pawl;
using namespace pawl::agent;

namespace {

const std::string kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
                          "\n";

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
  }
};

// What the server answers to a client that writes this and leaves.
std::vector<boost::json::value> answers_to(const std::string& input) {
  const test::TemporaryDirectory directory;
  Pipe in;
  const UniqueFd out(::open((directory / "out").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  std::thread client([&] {
    (void)write_all(in.writer.get(), input);
    in.writer = UniqueFd();
  });
  const auto served = mcp::serve({"/nonexistent/agent.sock", in.reader.get(), out.get()});
  client.join();
  CHECK(served);
  std::vector<boost::json::value> answers;
  std::istringstream lines(test::read_file(directory / "out"));
  for (std::string line; std::getline(lines, line);) answers.push_back(boost::json::parse(line));
  return answers;
}

}  // namespace

TEST_CASE("messages are answered line by line, and the server ends with its client") {
  const auto answers = answers_to(kPing + "{oops\r\n" + kPing);
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].at("id") == 1);
  CHECK(answers[1].at("error").at("code") == -32700);
  CHECK(answers[2].at("id") == 1);
  CHECK(answers_to("").empty());
}

TEST_CASE("a message cut off by the client's end is not acted on") {
  CHECK(answers_to(kPing.substr(0, kPing.size() - 1)).empty());
}

TEST_CASE("a line beyond a mebibyte costs one error and not the conversation") {
  const auto answers = answers_to(std::string(3 * mcp::kMaxLine, 'x') + "\n" + kPing);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].at("error").at("code") == -32600);
  CHECK(answers[1].at("id") == 1);
}

TEST_CASE("a call that cannot finish does not keep the server after its client has left") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK(answers_to(R"({"jsonrpc":"2.0","id":1,"method":"initialize"})"
                   "\n"
                   R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})"
                   "\n")
            .size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));
}

TEST_CASE("a client that reads no more ends the server with an error") {
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // as main() does
  Pipe in, out;
  out.reader = UniqueFd();
  REQUIRE(write_all(in.writer.get(), kPing));
  CHECK_FALSE(mcp::serve({"/nonexistent/agent.sock", in.reader.get(), out.writer.get()}));
  std::signal(SIGPIPE, before);
}
