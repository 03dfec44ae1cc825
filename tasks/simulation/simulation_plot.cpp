#include "tasks/simulation/simulation_plot.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/simulation/recording_writer.h"

namespace elm {
namespace {

constexpr std::int64_t most_outputs = 8;  // curves of a model that is no NeuronIO fit
constexpr double least_probability_shown = 0.1;

}  // namespace

SimulationPlot::SimulationPlot(const FittedModel& model, const std::string& model_name,
                               const std::string& sample, std::int64_t first_step,
                               std::int64_t end_step, const PlotReference& reference)
    : model_(model.spec),
      traits_(model.model->traits()),
      title_(fmt::format("{}: {}", model_name, sample)),
      sample_(sample),
      first_step_(first_step),
      end_step_(end_step) {
    const double step_s = model_.time_step_ms / 1000;
    const double start_s = static_cast<double>(first_step) * step_s;
    const std::int64_t n_steps = end_step - first_step;
    const TraceDecimator trace(n_steps, start_s, step_s);
    raster_ = RasterDecimator(model_.shape.n_input, n_steps, start_s, step_s);
    outputs_.assign(static_cast<std::size_t>(std::min(model_.shape.n_output, most_outputs)), trace);
    if (reference.leaky_integrator) {
        exact_.emplace(LeakyIntegrator{}, model_.time_step_ms);
        truth_voltage_ = trace;
    }
    if (reference.neuronio_path.empty()) return;
    truth_ = std::make_unique<Hdf5File>(Hdf5File::open(reference.neuronio_path));
    truth_voltage_ = trace;
    for (const double time : truth_->read<double>("/" + sample + "/output_spike_time_ms")) {
        const double step = time / model_.time_step_ms;
        if (step >= static_cast<double>(first_step) && step < static_cast<double>(end_step)) {
            truth_spikes_s_.push_back(time / 1000);
        }
    }
}

SimulationPlot::~SimulationPlot() = default;

void SimulationPlot::add(const SpikeTrain& input, const Tensor& output) {
    const std::int64_t begin = std::clamp<std::int64_t>(first_step_ - step_, 0, input.n_steps);
    const std::int64_t end = std::clamp<std::int64_t>(end_step_ - step_, begin, input.n_steps);
    raster_.add(input, begin, end);
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const auto y = view<const Real, 3>(output);
        std::vector<double> values(static_cast<std::size_t>(end - begin));
        for (std::size_t k = 0; k < outputs_.size(); ++k) {
            for (std::int64_t step = begin; step < end; ++step) {
                const Real value = y(0, step, k);
                values[static_cast<std::size_t>(step - begin)] =
                    !has_neuronio_outputs(model_) ? static_cast<double>(value)
                    : k == 0                      ? spike_probability(value)
                                                  : predicted_voltage_mV(value);
            }
            outputs_[k].add(values);
        }
    });
    if (exact_) {
        const auto exact = exact_->advance(input);
        truth_voltage_.add(std::span(exact).subspan(static_cast<std::size_t>(begin),
                                                    static_cast<std::size_t>(end - begin)));
    }
    if (truth_ != nullptr && begin < end) add_truth(step_ + begin, step_ + end);
    step_ += input.n_steps;
}

void SimulationPlot::add_truth(std::int64_t begin, std::int64_t end) {
    std::vector<double> voltage(static_cast<std::size_t>(end - begin));
    truth_->read_range<double>("/" + sample_ + "/soma_voltage_mV", begin, voltage);
    for (double& value : voltage) value = std::min(value, voltage_clip_mV);
    truth_voltage_.add(voltage);
}

Figure SimulationPlot::figure() const {
    const double step_s = model_.time_step_ms / 1000;
    const std::pair<double, double> x_range{static_cast<double>(first_step_) * step_s,
                                            static_cast<double>(end_step_) * step_s};
    const std::int64_t half = model_.shape.n_input / 2, all = model_.shape.n_input;
    Panel input{.y_label = "input", .height = 1.1, .show_x_numbers = false};
    if (traits_.inhibitory_half || truth_ != nullptr) {
        input.curves.push_back(raster_.curve(0, half, "excitatory", colour::excitation));
        input.curves.push_back(raster_.curve(half, all, "inhibitory", colour::inhibition));
    } else {
        input.curves.push_back(raster_.curve(0, all, "", colour::plain));
    }
    input.y_range = {0, static_cast<double>(all)};

    Figure figure{.title = title_, .panels = {std::move(input)}};
    if (has_neuronio_outputs(model_)) {
        // In bins of 1 ms even a sure spike has a small one: when it comes is less sure.
        Panel probability{.y_label = "spike probability", .height = 0.8, .show_x_numbers = false};
        Curve predicted = outputs_[0].curve("model", colour::prediction);
        const double highest =
            predicted.y.empty() ? 0 : *std::max_element(predicted.y.begin(), predicted.y.end());
        const double top = std::clamp(1.1 * highest, least_probability_shown, 1.0);
        if (truth_ != nullptr) {
            probability.curves.push_back({.title = "spikes of the cell",
                                          .mark = Mark::impulses,
                                          .colour = colour::target,
                                          .x = truth_spikes_s_,
                                          .y = std::vector<double>(truth_spikes_s_.size(), top)});
        }
        probability.curves.push_back(std::move(predicted));
        probability.y_range = {0, top};
        figure.panels.push_back(std::move(probability));
        Panel voltage{.y_label = "voltage (mV)", .height = 1.3};
        if (!truth_voltage_.empty()) {
            voltage.curves.push_back(
                truth_voltage_.curve(exact_ ? "exact solution" : "soma of the cell, cut at -55 mV",
                                     colour::target, exact_ ? Mark::thick_line : Mark::line));
        }
        voltage.curves.push_back(outputs_[1].curve("model", colour::prediction,
                                                   exact_ ? Mark::dashed_line : Mark::line));
        figure.panels.push_back(std::move(voltage));
    } else {
        Panel output{.y_label = "output", .height = 1.6};
        for (std::size_t k = 0; k < outputs_.size(); ++k) {
            output.curves.push_back(
                outputs_[k].curve(fmt::format("{}", k), colour::of_series(k, outputs_.size())));
        }
        figure.panels.push_back(std::move(output));
    }
    figure.panels.back().x_label = "time (s)";
    for (Panel& panel : figure.panels) {
        panel.x_range = x_range;
        panel.key = key_above;
    }
    figure.panels.front().key = raster_key;
    return figure;
}

}  // namespace elm
