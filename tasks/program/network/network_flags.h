#pragma once

#include <string>
#include <vector>

#include "tasks/networks/run_network.h"
#include "tasks/networks/run_nir.h"
#include "tasks/program/network/network_subject.h"

/// The flags of `elmsim network` as options of the rest of the program. All throw Error{invalid}
/// naming the flag.
namespace elm {

/// Flags that only one kind of subject has.
void refuse_given(const Arguments& arguments, const std::vector<std::string>& flags,
                  const std::string& why);

/// How a network is run; without checkpoints.
NetworkPlan network_plan_of(const Arguments& arguments, const NetworkSubject& subject,
                            network::NetworkDescription network);

/// How a NIR graph is run.
NirPlan nir_plan_of(const Arguments& arguments, network::NirGraph graph);

/// Checkpoints stand beside the output: NAME.checkpoint.h5 of NAME.h5. Throws Error{exists} for one
/// of another run that is neither to go on nor to begin anew.
NetworkCheckpoints network_checkpoints_of(const Arguments& arguments,
                                          const Communicator& processes);

/// What stands in the output: the flags, and the file that was run.
std::string network_config_of(const Arguments& arguments, const NetworkSubject& subject);

}  // namespace elm
