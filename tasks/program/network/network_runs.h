#pragma once

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"
#include "tasks/program/network/network_subject.h"

/// Runs of `elmsim network`, from the flags to what is printed.
namespace elm {

void run_graph(const Arguments& arguments, const NetworkSubject& subject, network::NirGraph graph);

void run_description(const Arguments& arguments, const NetworkSubject& subject,
                     network::NetworkDescription network);

}  // namespace elm
