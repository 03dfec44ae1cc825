#include "kernels/ops/elm/cpu/group_tile.h"

namespace elm::gradient {

template void run_lane_tile<double>(const std::vector<LanePart<double>>&, std::int64_t,
                                    LaneWorkspace<double>&);

}  // namespace elm::gradient
