// The traced layer-5 cell on the published input, against the published output: what this program
// makes are data of the same kind.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

#include "kernels/core/hdf5_file.h"
#include "neuron/cable/cable_run.h"
#include "neuron/cable/cell_file.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/neuronio/neuronio_writer.h"

namespace elm {
namespace {

constexpr std::int64_t n_simulations = 16;
constexpr double same_spike_ms = 2;

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
    return values[values.size() / 2];
}

double rmse(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return std::sqrt(sum / static_cast<double>(a.size()));
}

std::vector<double> cut(const std::vector<double>& voltage) {
    std::vector<double> out;
    for (const double value : voltage) out.push_back(std::min(value, voltage_clip_mV));
    return out;
}

TEST(PublishedCell, answers_published_input_with_published_output) {
    const std::string data = ELM_DATA_DIR "/neuronio_test.h5";
    const std::string shape = ELM_DATA_DIR "/l5pc_morphology.asc";
    if (!std::filesystem::exists(data)) GTEST_SKIP() << "no " << data;
    const cable::Cell cell = cable::load_cell("l5pc", shape);
    const NeuronIoFile file(data);
    const Hdf5File raw = Hdf5File::open(data);
    ASSERT_EQ(raw.number_attribute("/", "num_segments"), std::ssize(cell.site_segments));
    std::vector<NeuronIoSimulation> published;
    std::vector<cable::Trial> trials(n_simulations);
    for (std::int64_t index = 0; index < n_simulations; ++index) {
        published.push_back(file.read(index));
        const SpikeTrain& input = published.back().input;
        for (std::int64_t t = 0; t < input.n_steps; ++t) {
            for (std::int64_t at = input.row_begin[static_cast<std::size_t>(t)];
                 at < input.row_begin[static_cast<std::size_t>(t) + 1]; ++at) {
                trials[static_cast<std::size_t>(index)].events.push_back(
                    {static_cast<double>(t), input.units[static_cast<std::size_t>(at)]});
            }
        }
    }
    cable::RunOptions options;
    options.duration_ms = static_cast<double>(file.n_steps());
    options.probes = {{cable::Quantity::voltage, 0, "", 5},
                      {cable::Quantity::voltage, cell.nexus_segment, "", 40}};
    const auto results = cable::simulate(cell, trials, options);

    std::int64_t spikes = 0, matched = 0, extra = 0;
    std::vector<double> shifts, soma_errors, nexus_errors;
    for (std::size_t index = 0; index < published.size(); ++index) {
        const std::vector<float>& fine = results[index].recordings[0];
        std::vector<double> soma, nexus;
        for (std::size_t t = 0; t < static_cast<std::size_t>(file.n_steps()); ++t) {
            soma.push_back(fine[8 * t]);
            nexus.push_back(results[index].recordings[1][t]);
        }
        soma_errors.push_back(rmse(cut(soma), cut(published[index].soma_voltage_mV)));
        nexus_errors.push_back(
            rmse(nexus, raw.read<double>("/" + published[index].name + "/nexus_voltage_mV")));
        std::vector<double> ours = output_spike_times(fine, cell.spike_threshold_mV);
        for (const double theirs : published[index].output_spike_times_ms) {
            ++spikes;
            const auto nearest = std::min_element(
                ours.begin(), ours.end(),
                [&](double a, double b) { return std::abs(a - theirs) < std::abs(b - theirs); });
            if (nearest == ours.end() || std::abs(*nearest - theirs) > same_spike_ms) continue;
            ++matched;
            shifts.push_back(std::abs(*nearest - theirs));
            ours.erase(nearest);
        }
        extra += std::ssize(ours);
    }
    EXPECT_EQ(spikes, 157);
    // A prototype of this scheme matched 155 with none too many, its soma 0.026 and its nexus 0.044
    // mV off, spikes 0.036 ms: the rest is the error of the published integrator. Spikes near a
    // bifurcation may go either way; times stand on a grid of 1/8 ms.
    EXPECT_GE(matched, 153);
    EXPECT_LE(extra, 2);
    EXPECT_LE(median(shifts), 1.0 / samples_per_ms);
    EXPECT_LT(median(soma_errors), 2 * 0.026);
    EXPECT_LT(median(nexus_errors), 2 * 0.044);
}

}  // namespace
}  // namespace elm
