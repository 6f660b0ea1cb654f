// Where a log comes from: the embedded broker's own files, an export, or a broker that hands it out. Runs as
// the person; trusts nothing in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/log_files.hpp"
#include "supervisor/receipt/checkpoint.hpp"
#include "tools/pawl/cli/broker.hpp"

namespace pawl::cli {

inline constexpr const char* kCheckpointName = "checkpoint";  // of an export

struct LogSource {
  std::string name;  // in words
  approval::LogToVerify log;
  // The source's own checkpoint, and the key that goes with it; none: it has none.
  std::optional<receipt::SignedCheckpoint> checkpoint;
  std::optional<receipt::LogKey> key;
  std::string note;                               // the broker's checkpoint as it stands
  std::shared_ptr<const ledger::LogFiles> files;  // with tiles; none: it came in pages
  bool partial_tiles = false;                     // its last tiles are files of their own
};

tools::Outcome<LogSource> exported_log(const std::string& directory);
// The embedded broker's files where they can be read, else what the broker hands out.
tools::Outcome<LogSource> own_log();
tools::Outcome<LogSource> brokers_log(tools::Greeted broker);

// A checkpoint that somebody noted, from a file.
tools::Outcome<receipt::SignedCheckpoint> noted_checkpoint(const std::string& path);

}  // namespace pawl::cli
