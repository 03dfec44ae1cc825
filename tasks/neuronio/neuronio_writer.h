#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "neuron/cable/cell/cell.h"
#include "tasks/neuronio/input_protocol.h"

namespace elm {

/// Samples of the soma's voltage per ms: output spikes are found on this grid.
inline constexpr int samples_per_ms = 8;

/// Response of a cell to its input.
struct NeuronIoRecording {
    std::int64_t index = 0;  // of the simulation
    InputSpikes input;
    std::vector<float> soma_mV;                    // (8 duration): t = k / 8 ms
    std::vector<float> nexus_mV;                   // (duration): t = k ms; empty: no nexus
    std::vector<std::vector<float>> dendrites_mV;  // (sites) of (duration); empty: not kept
};

/// Times (ms) of samples that are above both neighbours and above the threshold. The first and last
/// sample never count. The first sample is number `first` of a longer recording. Source: Beniaguev,
/// Segev, London 2021, doi:10.1016/j.neuron.2021.07.002.
std::vector<double> output_spike_times(std::span<const float> soma_mV, double threshold_mV,
                                       double sample_ms = 1.0 / samples_per_ms,
                                       std::int64_t first = 0);

/// "sim_00017"
std::string simulation_name(std::int64_t index);

/// Root of a NeuronIO file: number of sites, duration, seed, the sites' places, and `facts` as
/// attributes.
void write_neuronio_header(Hdf5File& file, const cable::Cell& cell, std::int64_t duration_ms,
                           std::uint64_t seed, const Values& facts);

/// The group of one simulation.
void write_neuronio_simulation(Hdf5File& file, const NeuronIoRecording& recording,
                               double spike_threshold_mV);

/// Sites of the cell for the input protocol: each region with synapses is a tree.
InputSites input_sites(const cable::Cell& cell);

}  // namespace elm
