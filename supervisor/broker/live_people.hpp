// Who counts now: the people of the files, narrowed to what the ledger has enrolled and nobody has revoked.
// PolicyStore hands out policies with these people only, so that no rule, digest or list can forget it. Runs
// in pawld; pure.
#pragma once

#include "supervisor/approval/directory.hpp"
#include "supervisor/approval/freezes.hpp"
#include "supervisor/policy/policy.hpp"
#include "supervisor/wire/orders_messages.hpp"

namespace pawl::broker {

// Names and uids stay the file's, so that a launcher is known as a person; of keys and groups only those stay
// that count. (In an embedded home the file decides, and only revocations take anything away.)
policy::Policy with_live_people(const policy::Policy& file, const approval::Directory& directory,
                                const approval::Freezes& freezes);

// Everybody whom the file or the ledger knows, by name, and what of theirs counts.
std::vector<wire::PersonShown> show_people(const policy::Policy& file, const approval::Directory& directory,
                                           const approval::Freezes& freezes);

}  // namespace pawl::broker
