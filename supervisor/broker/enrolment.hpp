// Who the people are, as the ledger tells it: names, uids, groups and the fingerprints of their keys. This
// is what the file says, which under the system broker only proposes (approval/directory.hpp).
// Pure; the people are the operator's.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "supervisor/ledger/entry.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::broker {

boost::json::array describe_people(const std::vector<policy::Person>& people);

// The body of a `policy` entry: whole people, or where those do not fit one entry their digest.
boost::json::object describe_policy(const policy::Policy& policy);

// One `enroll` body for each person who came, went or changed: {person, before, now}, null for absent.
std::vector<boost::json::object> enrolment_changes(const boost::json::array& before,
                                                   const boost::json::array& now);

}  // namespace pawl::broker
