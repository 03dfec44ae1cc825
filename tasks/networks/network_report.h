#pragma once

#include <string>

#include "network/benchmarks/benchmark.h"
#include "tasks/networks/run_network.h"
#include "tasks/report/results_writer.h"
#include "tasks/report/table.h"

namespace elm {

/// Statistics of the populations; what each number is stands in network_report_notes().
Table network_table(const NetworkPlan& plan, const NetworkResult& result);
std::string network_report_notes(const NetworkPlan& plan);

/// Statistics beside those of another simulator, with the difference in standard deviations of one
/// run from the mean of theirs, where these are known. Empty if it has none at this scale.
Table reference_table(const NetworkPlan& plan, const NetworkResult& result,
                      const network::Benchmark& benchmark);

/// "neurons", "synapses", "engine_threads", "received_bytes" of this process, times, "rates_hz",
/// "cv_isi" and other statistics by population.
Record network_record(const NetworkPlan& plan, const NetworkResult& result);

/// Size and speed, in a line or two.
std::string network_summary(const NetworkPlan& plan, const NetworkResult& result);

}  // namespace elm
