#include "encoders/cochlea/auditory_nerve.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "encoders/cochlea/bushy_cell.h"
#include "encoders/cochlea/hair_cell.h"
#include "encoders/cochlea/release_sites.h"
#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm::cochlea {
namespace {

constexpr int n = lanes::native_words;
using V = lanes::Vec<float, n>;

constexpr int vectors = 2;  // of channels, side by side, which hides the latency of their steps
constexpr std::int64_t group = vectors * n;  // channels of a task: whole pairs

/// The cells of n channels.
struct Cells {
    HairCell<float, n> hair_cell;
    ReleaseSites<n> sites;
    BushyCell<float, n> bushy_cell;

    explicit Cells(double step_s) : hair_cell(step_s), sites(step_s), bushy_cell(step_s) {}

    ELM_INLINE V step(const V& velocity, const V& uniform) {
        return bushy_cell.step(sites.step(hair_cell.step(velocity), uniform));
    }
};

constexpr std::int64_t tile = 64;  // steps that are turned into vectors of channels together

/// Velocities (channels, row_length) of steps [begin, begin + tile), as (steps, channels).
void turn_tile(const float* velocities, std::int64_t row_length, std::int64_t begin,
               V (&by_step)[tile][vectors]) {
    for (int v = 0; v < vectors; ++v) {
        for (std::int64_t step = 0; step < tile; step += n) {
            V rows[n];
            for (int lane = 0; lane < n; ++lane) {
                rows[lane] =
                    lanes::load<float, n>(velocities + (v * n + lane) * row_length + begin + step);
            }
            lanes::transpose<float, n>(rows);
            for (int k = 0; k < n; ++k) by_step[step + k][v] = rows[k];
        }
    }
}

/// Channels [first, first + vectors * n) over time; velocities (channels, row_length).
void run_cells(const float* velocities, std::int64_t row_length, std::int64_t n_steps,
               std::int64_t first, std::int64_t n_channels, double step_s, const RandomKey& key,
               std::vector<SpikeEvent>& spikes) {
    static_assert(vectors == 2);
    Cells cells[vectors] = {Cells(step_s), Cells(step_s)};
    const std::int64_t padded = (n_channels + 63) / 64 * 64;  // blocks of four steps
    V by_step[tile][vectors];
    for (std::int64_t begin = 0; begin < n_steps; begin += tile) {
        turn_tile(velocities, row_length, begin, by_step);
        for (std::int64_t four = 0; four < tile; four += draws_per_block) {
            lanes::Words words[vectors][4];
            lanes::random_blocks<vectors>(key, (begin + four) / draws_per_block * padded + first,
                                          words);
#pragma GCC unroll 4
            for (int k = 0; k < draws_per_block; ++k) {
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) {
                    const V fired =
                        cells[v].step(by_step[four + k][v], lanes::unit_uniform_lanes(words[v][k]));
                    unsigned mask = lanes::nonzero_mask<float, n>(fired);
                    const std::int64_t step = begin + four + k - 1;
                    for (; mask != 0; mask &= mask - 1) {
                        const std::int64_t channel = first + v * n + std::countr_zero(mask);
                        if (channel >= n_channels || step + 1 >= n_steps) continue;
                        spikes.push_back({step, static_cast<std::int32_t>(channel)});
                    }
                }
            }
        }
    }
}

}  // namespace

std::vector<SpikeEvent> hear(const BasilarMembrane& membrane, std::span<const double> clip,
                             std::int64_t n_steps, const RandomKey& key) {
    const std::int64_t n_channels = membrane.n_channels();
    const std::int64_t n_groups = (n_channels + group - 1) / group;
    ELM_ASSERT(n_steps <= membrane.n_steps());
    const BasilarMembrane::Spectrum spectrum = membrane.spectrum(clip);
    // Rows are read in whole tiles, and apart by no power of two.
    const std::int64_t row_length = (membrane.n_steps() + tile - 1) / tile * tile + 16;
    std::vector<std::vector<SpikeEvent>> of_group(static_cast<std::size_t>(n_groups));
    Cpu::for_each_task(n_groups, [&](std::int64_t g) {
        lanes::AlignedVector<float> velocities(static_cast<std::size_t>(group * row_length));
        BasilarMembrane::Workspace workspace;
        const auto row = [&](std::int64_t channel) {
            return std::span<float>(velocities)
                .subspan(static_cast<std::size_t>(channel * row_length),
                         static_cast<std::size_t>(membrane.n_steps()));
        };
        for (std::int64_t channel = 0; channel < group; channel += 2) {
            if (g * group + channel >= n_channels) break;
            membrane.velocities(spectrum, (g * group + channel) / 2, row(channel), row(channel + 1),
                                workspace);
        }
        const double step_s = 1 / membrane.output_rate_hz();
        run_cells(velocities.data(), row_length, n_steps, g * group, n_channels, step_s, key,
                  of_group[static_cast<std::size_t>(g)]);
    });
    std::vector<SpikeEvent> spikes;
    for (const auto& part : of_group) spikes.insert(spikes.end(), part.begin(), part.end());
    return spikes;
}

}  // namespace elm::cochlea
