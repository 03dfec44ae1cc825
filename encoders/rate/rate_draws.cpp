#include "encoders/rate/rate_draws.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "encoders/rate/rate_draws_body.h"
#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

using namespace lanes;
using Floats = Vec<float, native_words>;

constexpr int vectors = 2;  // of blocks, side by side, which hides the latency of their products
constexpr int draws_each = vectors * 4 * native_words;

/// Draws for `draws_each` values from draw `first` on, a multiple of draws_each.
ELM_INLINE void draw_spikes(const RateDrawsArgs& args, std::int64_t first, const float* values,
                            std::uint8_t* spikes) {
    Words words[vectors][4];
    random_blocks<vectors>(args.key, (args.first_draw + first) / draws_per_block, words);
    constexpr auto lane = std::make_index_sequence<native_words>{};
    const Floats gain = broadcast<float, native_words>(args.gain);
    const Floats offset = broadcast<float, native_words>(args.offset);
    using Bytes = Vec<std::uint8_t, native_words>;
#pragma GCC unroll 2
    for (auto& [w0, w1, w2, w3] : words) {
        const Words low_02 = interleave_low<Words, native_words>(w0, w2, lane);
        const Words low_13 = interleave_low<Words, native_words>(w1, w3, lane);
        const Words high_02 = interleave_high<Words, native_words>(w0, w2, lane);
        const Words high_13 = interleave_high<Words, native_words>(w1, w3, lane);
        const Words in_order[] = {interleave_low<Words, native_words>(low_02, low_13, lane),
                                  interleave_high<Words, native_words>(low_02, low_13, lane),
                                  interleave_low<Words, native_words>(high_02, high_13, lane),
                                  interleave_high<Words, native_words>(high_02, high_13, lane)};
#pragma GCC unroll 4
        for (const Words& draws : in_order) {
            Floats p =
                multiply_add<float, native_words>(gain, load<float, native_words>(values), offset);
            if (args.is_signed) p = p < 0.0F ? -p : p;
            const Bytes ones = __builtin_convertvector((unit_uniform_lanes(draws) < p) & 1, Bytes);
            std::memcpy(spikes, &ones, sizeof ones);
            values += native_words;
            spikes += native_words;
        }
    }
}

}  // namespace

template <>
void run_rate_draws<Cpu>(Stream&, const RateDrawsArgs& args) {
    const std::int64_t count = args.spikes.size();
    const std::int64_t repeats = args.steps_each;
    // Values that are used once are one row.
    const std::int64_t row =
        repeats == 1 ? std::max<std::int64_t>(1, count) : args.values.extent[1];
    constexpr std::int64_t draws_of_task = 1024 * draws_each;
    Cpu::for_each_task((count + draws_of_task - 1) / draws_of_task, [&](std::int64_t task) {
        const std::int64_t end = std::min(count, (task + 1) * draws_of_task);
        for (std::int64_t first = task * draws_of_task; first < end; first += draws_each) {
            const std::int64_t column = first % row, left = end - first;
            const float* from = args.values.data + first / row / repeats * row + column;
            if (left >= draws_each && column + draws_each <= row) {
                draw_spikes(args, first, from, args.spikes.data + first);
                continue;
            }
            std::array<float, draws_each> values{};
            std::array<std::uint8_t, draws_each> spikes;
            const std::int64_t drawn = std::min<std::int64_t>(left, draws_each);
            for (std::int64_t k = 0; k < drawn;) {
                const std::int64_t step = (first + k) / row, from_column = (first + k) % row;
                const std::int64_t run = std::min(drawn - k, row - from_column);
                std::copy_n(args.values.data + step / repeats * row + from_column, run,
                            values.data() + k);
                k += run;
            }
            draw_spikes(args, first, values.data(), spikes.data());
            std::copy_n(spikes.begin(), drawn, args.spikes.data + first);
        }
    });
}

}  // namespace elm
