#include "kernels/ops/elm/cpu/group_tile.h"

namespace elm::gradient {

template void run_lane_tile<float>(const std::vector<LanePart<float>>&, std::int64_t,
                                   LaneWorkspace<float>&);

}  // namespace elm::gradient
