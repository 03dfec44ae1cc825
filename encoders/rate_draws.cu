#include "encoders/rate_draws_body.h"
#include "kernels/core/cuda/parallel.cuh"

namespace elm {

template <>
void run_rate_draws<Cuda>(Stream& stream, const RateDrawsArgs& args) {
    const std::int64_t blocks = (args.spikes.size() + draws_per_block - 1) / draws_per_block;
    Cuda::for_each_index(stream, blocks, RateDrawsBlock{args});
}

}  // namespace elm
