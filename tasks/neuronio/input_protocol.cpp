#include "tasks/neuronio/input_protocol.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::array intervals_ms = {25, 30, 35, 40, 45,  55,  60,  65,  70,
                                     75, 80, 85, 90, 100, 150, 200, 300, 450};
constexpr std::array widths_ms = {25, 30, 35, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600};
constexpr double jitter_ms = 20;
constexpr double most_excitation = 800;  // spikes of a tree per 100 ms
constexpr double inhibition_below = 600, inhibition_above = 200;
constexpr double least_factor = 0.5, most_factor = 1.5;
constexpr double weight_offset_um = 10;

constexpr int bins_at_once = 64;
static_assert(bins_at_once % draws_per_block == 0);

RandomKey key_of(std::uint64_t seed, std::uint64_t index, const char* purpose) {
    return RandomKey{.seed = seed}
        .for_purpose("neuronio input")
        .for_purpose(purpose)
        .at_step(index);
}

double uniform(const RandomKey& key, std::int64_t element) {
    return unit_uniform<double>(random_word(key, element));
}

/// One of a list, moved by up to 19 ms either way; 0 is twice as likely as another shift.
template <std::size_t n>
int draw_length_ms(const std::array<int, n>& lengths, const RandomKey& key, std::int64_t element) {
    const auto at = static_cast<std::size_t>(uniform(key, element) * static_cast<double>(n));
    return lengths[at] +
           static_cast<int>(std::trunc(2 * jitter_ms * uniform(key, element + 1) - jitter_ms));
}

/// running[k] = weight[0] + ... + weight[k - 1].
std::vector<double> running_sum(const std::vector<double>& weights) {
    std::vector<double> running{0};
    for (const double weight : weights) running.push_back(running.back() + weight);
    return running;
}

/// How much each interval adds to the bins of a block: what the smoothing makes of 1 in that
/// interval and 0 elsewhere.
class Response {
public:
    Response(const InputRates& rates, int duration_ms)
        : rates_(rates),
          duration_ms_(duration_ms),
          running_(running_sum(smoothing_weights(rates.width_ms))),
          centre_(7 * rates.width_ms / 2) {}

    /// For bins [begin, begin + bins_at_once).
    void set_block(int begin) {
        // Interval i adds weight j to bin t where t + centre - j lies in it.
        const int reach = static_cast<int>(running_.size()) - 2;  // largest j
        const int earliest = std::max(0, begin + centre_ - reach);
        const int latest = std::min(duration_ms_ - 1, begin + bins_at_once - 1 + centre_);
        first_ = earliest / rates_.interval_ms;
        count_ = std::max(0, latest / rates_.interval_ms - first_ + 1);
        values_.resize(static_cast<std::size_t>(count_) * bins_at_once);
        for (int k = 0; k < count_; ++k) {
            const int from = (first_ + k) * rates_.interval_ms;
            const int to = std::min(from + rates_.interval_ms, duration_ms_);
            for (int bin = 0; bin < bins_at_once; ++bin) {
                const int t = begin + bin + centre_;
                values_[static_cast<std::size_t>(k * bins_at_once + bin)] =
                    weight_up_to(t - from + 1) - weight_up_to(t - to + 1);
            }
        }
    }

    /// Rates of a synapse in the bins of the block, in a fixed order of additions.
    void smooth(std::size_t synapse, std::array<double, bins_at_once>& out) const {
        const double* coefficient =
            rates_.rate.data() + synapse * static_cast<std::size_t>(rates_.interval_count) + first_;
        out.fill(0);
        for (int k = 0; k < count_; ++k) {
            const double* row = values_.data() + static_cast<std::size_t>(k) * bins_at_once;
            const double factor = coefficient[k];
#pragma omp simd
            for (int bin = 0; bin < bins_at_once; ++bin) {
                out[static_cast<std::size_t>(bin)] =
                    std::fma(factor, row[bin], out[static_cast<std::size_t>(bin)]);
            }
        }
    }

private:
    double weight_up_to(int count) const {
        const int last = static_cast<int>(running_.size()) - 1;
        return running_[static_cast<std::size_t>(std::clamp(count, 0, last))];
    }

    const InputRates& rates_;
    int duration_ms_;
    std::vector<double> running_;
    int centre_;
    int first_ = 0, count_ = 0;
    std::vector<double> values_;  // (intervals that reach the block, bins)
};

RandomKey spike_key(std::uint64_t seed, std::uint64_t index) {
    return key_of(seed, index, "spikes");
}

std::int64_t blocks_per_synapse(int duration_ms) {
    return (duration_ms + draws_per_block - 1) / draws_per_block;
}

double bin_probability(double rate) { return rate > 0 ? rate * -std::expm1(-1 / rate) : 0; }

}  // namespace

void check_input(const InputSites& sites, int duration_ms) {
    ELM_CHECK(!sites.length_um.empty() && sites.length_um.size() == sites.tree.size(),
              "input needs sites, each with a tree (got {} lengths, {} trees).",
              sites.length_um.size(), sites.tree.size());
    ELM_CHECK(duration_ms >= 1 && duration_ms <= 1'000'000,
              "input of {} ms: expected 1 ms to 1000 s.", duration_ms);
    for (std::size_t at = 0; at < sites.tree.size(); ++at) {
        ELM_CHECK(sites.tree[at] >= 0 && sites.tree[at] < sites.tree_count,
                  "site {} stands on tree {}, expected 0 to {}.", at, sites.tree[at],
                  sites.tree_count - 1);
        ELM_CHECK(sites.length_um[at] >= 0 && std::isfinite(sites.length_um[at]),
                  "site {} is {} um long, expected a number of 0 or more.", at,
                  sites.length_um[at]);
    }
}

std::vector<double> smoothing_weights(int width_ms) {
    const int count = 7 * width_ms + 1;
    std::vector<double> weights;
    double sum = 0;
    for (int j = 0; j < count; ++j) {
        const double off = (j - 0.5 * (count - 1)) / width_ms;
        weights.push_back(std::exp(-0.5 * off * off));
        sum += weights.back();
    }
    for (double& weight : weights) weight /= sum;
    return weights;
}

double spike_draw(std::uint64_t seed, std::uint64_t index, int duration_ms, int synapse,
                  int time_ms) {
    const std::int64_t first = synapse * blocks_per_synapse(duration_ms) * draws_per_block;
    return uniform(spike_key(seed, index), first + time_ms);
}

InputRates draw_input_rates(const InputSites& sites, int duration_ms, std::uint64_t seed,
                            std::uint64_t index) {
    check_input(sites, duration_ms);
    InputRates rates;
    const RandomKey lengths = key_of(seed, index, "lengths");
    rates.interval_ms = draw_length_ms(intervals_ms, lengths, 0);
    rates.width_ms = draw_length_ms(widths_ms, lengths, 2);
    const int n = rates.interval_count = (duration_ms + rates.interval_ms - 1) / rates.interval_ms;
    const RandomKey trees = key_of(seed, index, "trees"), factors = key_of(seed, index, "factors");
    const auto n_sites = static_cast<std::int64_t>(sites.tree.size());
    std::vector<double> tree_weight(static_cast<std::size_t>(sites.tree_count), 0);
    for (std::size_t at = 0; at < sites.tree.size(); ++at) {
        tree_weight[static_cast<std::size_t>(sites.tree[at])] +=
            sites.length_um[at] + weight_offset_um;
    }
    rates.rate.reserve(static_cast<std::size_t>(2 * n_sites * n));
    for (std::int64_t synapse = 0; synapse < 2 * n_sites; ++synapse) {
        const auto site = static_cast<std::size_t>(synapse % n_sites);
        const int tree = sites.tree[site];
        const double share = (sites.length_um[site] + weight_offset_um) /
                             (100 * tree_weight[static_cast<std::size_t>(tree)]);
        for (int i = 0; i < n; ++i) {
            const std::int64_t draw = (std::int64_t{tree} * n + i) * 2;
            const double excitation = most_excitation * uniform(trees, draw);
            const double least = std::max(0.0, excitation - inhibition_below);
            const double inhibition =
                least + (excitation + inhibition_above - least) * uniform(trees, draw + 1);
            const double factor =
                least_factor + (most_factor - least_factor) * uniform(factors, synapse * n + i);
            rates.rate.push_back((synapse < n_sites ? excitation : inhibition) * share * factor);
        }
    }
    return rates;
}

InputSpikes draw_input_spikes(const InputSites& sites, int duration_ms, std::uint64_t seed,
                              std::uint64_t index) {
    const InputRates rates = draw_input_rates(sites, duration_ms, seed, index);
    const RandomKey key = spike_key(seed, index);
    const std::int64_t blocks = blocks_per_synapse(duration_ms);
    const auto n_synapses = static_cast<std::int64_t>(2 * sites.tree.size());
    ELM_CHECK(blocks * n_synapses < (std::int64_t{1} << 32),
              "input of {} ms on {} synapses: more random numbers than a simulation has. Make "
              "several shorter simulations.",
              duration_ms, n_synapses);
    Response response(rates, duration_ms);
    std::array<double, bins_at_once> rate{};
    std::array<std::uint32_t, bins_at_once> words{};
    std::array<std::vector<std::int32_t>, bins_at_once> spikes;  // synapses, per bin
    InputSpikes input;
    for (int begin = 0; begin < duration_ms; begin += bins_at_once) {
        response.set_block(begin);
        const int count = std::min(bins_at_once, duration_ms - begin);
        for (std::int64_t synapse = 0; synapse < n_synapses; ++synapse) {
            response.smooth(static_cast<std::size_t>(synapse), rate);
            const std::int64_t first = synapse * blocks + begin / draws_per_block;
            for (std::int64_t block = 0; block < bins_at_once / draws_per_block; ++block) {
                const PhiloxCounter drawn = random_block(key, first + block);
                for (std::int64_t k = 0; k < draws_per_block; ++k) {
                    words[static_cast<std::size_t>(block * draws_per_block + k)] = drawn.word[k];
                }
            }
            for (std::size_t bin = 0; bin < static_cast<std::size_t>(count); ++bin) {
                // The probability is at most the rate: few bins need the exponential.
                const double draw = unit_uniform<double>(words[bin]);
                if (draw < rate[bin] && draw < bin_probability(rate[bin])) {
                    spikes[bin].push_back(static_cast<std::int32_t>(synapse));
                }
            }
        }
        for (std::size_t bin = 0; bin < bins_at_once; ++bin) {
            input.synapse.insert(input.synapse.end(), spikes[bin].begin(), spikes[bin].end());
            input.time_ms.insert(input.time_ms.end(), spikes[bin].size(),
                                 begin + static_cast<int>(bin));
            spikes[bin].clear();
        }
    }
    return input;
}

}  // namespace elm
