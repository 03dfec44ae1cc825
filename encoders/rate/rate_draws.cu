#include "encoders/rate/rate_draws_body.h"
#include "kernels/core/cuda/parallel.cuh"

namespace elm {

template <>
void run_rate_draws<Cuda>(Stream& stream, const RateDrawsArgs& args) {
    const std::int64_t blocks = (args.spikes.size() + draws_per_block - 1) / draws_per_block;
    Cuda::for_each_index(stream, blocks, RateDrawsBlock{args});
}

template <>
void run_batch_draws<Cuda>(Stream& stream, const BatchDrawsArgs& args) {
    const std::int64_t draws = args.cells.extent[1] * args.values.extent[2];
    const std::int64_t blocks = (draws + draws_per_block - 1) / draws_per_block;
    Cuda::for_each_index(stream, args.values.extent[0] * blocks, BatchDrawsBlock{args, blocks});
}

}  // namespace elm
