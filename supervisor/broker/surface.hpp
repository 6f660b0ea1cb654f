// The broker's whole surface on one screen: which ask, from whom, when, how often, answered by what.
// Runs in pawld; the last place that sees a frame before its decoder.
#pragma once

#include "sandbox/base/channel.hpp"
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/connection.hpp"

namespace pawl::broker {

// Decodes and dispatches. Whatever is not in the table, not allowed for this peer or in this phase, too
// often, or malformed is answered with Failure and ends the connection.
void dispatch(Broker& broker, const ConnectionPtr& connection, Packet packet);

}  // namespace pawl::broker
