#pragma once

#include "kernels/ops/training/dropout.h"

namespace elm {

/// The elements of one random block.
template <class Real>
struct DropoutOneBlock {
    DropoutArgs<Real> args;

    ELM_HD void operator()(std::int64_t block) const {
        const PhiloxCounter words = random_block(args.key, block);
        const Real factor = static_cast<Real>(1 / args.keep_probability);
        const std::int64_t first = block * draws_per_block;
        for (int k = 0; k < draws_per_block && first + k < args.input.extent[0]; ++k) {
            const bool kept = draw_bernoulli(words.word[k], args.keep_probability);
            args.output(first + k) = kept ? factor * args.input(first + k) : Real(0);
        }
    }
};

template <class Backend, class Real>
void run_dropout(Stream& stream, const DropoutArgs<Real>& args) {
    const std::int64_t blocks = (args.input.extent[0] + draws_per_block - 1) / draws_per_block;
    Backend::for_each_index(stream, blocks, DropoutOneBlock<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_dropout, DropoutArgs);

}  // namespace elm
