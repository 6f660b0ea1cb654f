// What becomes of a session's TCP connections while nobody serves its listeners: left in the backlog they
// would wait for ever, because the kernel accepts them. Runs in pawl-launch and in pawld; reads no byte of
// them.
#pragma once

namespace pawl::sandbox {

// Takes what waits in the backlog and resets it. Does not block; makes the listener non-blocking for all who
// share it.
void refuse_connections(int listener);

}  // namespace pawl::sandbox
