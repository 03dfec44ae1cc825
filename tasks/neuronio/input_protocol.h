#pragma once

#include <cstdint>
#include <vector>

namespace elm {

/// Synaptic input of one simulation of the NeuronIO data: inhomogeneous Bernoulli spikes in bins of
/// 1 ms, whose rates change by steps of a random length, smoothed with a Gaussian of random width.
/// Source: Beniaguev, Segev, London 2021, doi:10.1016/j.neuron.2021.07.002, the setting with NMDA.
///
///   K, S    one of 18 intervals, one of 14 widths (ms), each moved by -19..19 ms
///   E_i     U(0, 800), I_i  U(max(0, E_i - 600), E_i + 200): spikes of a tree per 100 ms
///   r       E_i / (100 W) w U(0.5, 1.5), spikes per ms of a site of weight w = length + 10 um in a
///           tree of weight W; each held for K ms, then smoothed with S, zero outside the
///           simulation
///   spike   with probability r (1 - exp(-1/r)) in every bin, which is that of U(0,1) < p with p
///           exponential of mean r, as published
struct InputSites {
    std::vector<double> length_um;  // (sites) of their segments
    std::vector<int> tree;          // (sites) which tree each belongs to, 0 .. trees - 1
    int tree_count = 0;
};

/// Draws behind one simulation, before single spikes.
struct InputRates {
    int interval_ms = 0;  // K
    int width_ms = 0;     // S
    int interval_count = 0;
    /// (2 sites, intervals): rates in spikes per ms before smoothing, excitation first.
    std::vector<double> rate;
};

/// Sorted by time, then synapse: 0 .. sites - 1 excite, sites .. 2 sites - 1 inhibit.
struct InputSpikes {
    std::vector<std::int32_t> time_ms;
    std::vector<std::int32_t> synapse;
};

/// Throws Error{invalid} for no sites, lengths below 0, a tree that is not there, or a duration
/// below 1 ms or above 1000 s.
void check_input(const InputSites& sites, int duration_ms);

/// Simulation `index` of `seed`: the same bits whatever else is made. Throws as check_input() does.
InputRates draw_input_rates(const InputSites& sites, int duration_ms, std::uint64_t seed,
                            std::uint64_t index);
InputSpikes draw_input_spikes(const InputSites& sites, int duration_ms, std::uint64_t seed,
                              std::uint64_t index);

/// Weights of the smoothing: 7 S + 1 samples of a Gaussian around 3.5 S, of sum 1. Bin t of the
/// smoothed rate is the sum over j of rate[t + floor(7 S / 2) - j] weight[j].
std::vector<double> smoothing_weights(int width_ms);

/// Number in [0, 1) that decides bin `time_ms` of a synapse.
double spike_draw(std::uint64_t seed, std::uint64_t index, int duration_ms, int synapse,
                  int time_ms);

}  // namespace elm
