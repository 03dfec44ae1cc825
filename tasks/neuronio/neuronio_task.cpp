// NeuronIO: the spikes and the soma voltage of a detailed cell from its synaptic input, step by
// step. Windows of simulations are trained on; whole simulations are held out and scored with the
// published protocol. Source: Beniaguev, Segev, London 2021, doi:10.1016/j.neuron.2021.07.002;
// recipes, windows and loss: Spieler et al. 2024, arXiv 2306.16922, and its public implementation.

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/split.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/neuronio/neuronio_dataset.h"
#include "tasks/neuronio/neuronio_defaults.h"
#include "tasks/neuronio/neuronio_loss.h"
#include "tasks/neuronio/window_sampler.h"
#include "tasks/simulation/simulation_plot.h"
#include "tasks/task_registry.h"

namespace elm {
namespace {

NeuronIoDataset open_dataset(const TaskInput& input, const std::vector<std::int64_t>& chosen) {
    return NeuronIoDataset(input.files,
                           {.selection = fmt::format("{}", fmt::join(chosen, ",")),
                            .progress = [&](std::int64_t, std::int64_t) { input.poll(); }});
}

class NeuronIoTask : public Task {
public:
    NeuronIoTask(const OptionSet& options, const TaskInput& input,
                 const std::vector<std::int64_t>& train,
                 const std::vector<std::int64_t>& validation)
        : windows_{.window_steps = options.get<std::int64_t>("window_steps"),
                   .first_step = options.get<std::int64_t>("first_step")},
          burn_in_(options.get<std::int64_t>("burn_in")),
          spike_bias_(options.get<double>("spike_bias")),
          data_(open_dataset(input, train)) {
        ELM_CHECK(burn_in_ < windows_.window_steps,
                  "neuronio.burn_in is {} steps of windows of {}: expected fewer.", burn_in_,
                  windows_.window_steps);
        const NeuronIoDataset held_out = open_dataset(input, validation);
        for (std::int64_t index = 0; index < held_out.size(); ++index) {
            validation_.push_back(held_out.read(index));
        }
        const auto spikes = [](const NeuronIoSimulation& simulation) {
            return simulation.output_spike_times_ms.size();
        };
        const auto liveliest =
            std::max_element(validation_.begin(), validation_.end(),
                             [&](const auto& a, const auto& b) { return spikes(a) < spikes(b); });
        shown_ = static_cast<std::size_t>(liveliest - validation_.begin());
        shown_file_ = held_out.path(static_cast<std::int64_t>(shown_));
        check_windows(data_, windows_);
        spec_ = {.name = "neuronio",
                 .input = InputKind::spikes,
                 .shape = {data_.n_channels(), 2},
                 .n_steps = windows_.window_steps,
                 .pooling = Pooling::all,
                 .loss_parts = {{"spike_loss", 0.5}, {"voltage_loss", 0.5}},
                 .metrics = {{.name = "loss", .label = "loss"},
                             {.name = "auc",
                              .label = "AUC",
                              .higher_is_better = true,
                              .digits = 5,
                              .is_drawn = true},
                             {.name = "tpr_at_fpr_0_0025",
                              .label = "TPR at 0.0025",
                              .higher_is_better = true},
                             {.name = "voltage_explained_variance_percent",
                              .label = "expl. var. %",
                              .higher_is_better = true,
                              .digits = 2},
                             {.name = "voltage_rmse_mV", .label = "RMSE mV", .is_drawn = true},
                             {.name = "voltage_mae_mV", .label = "MAE mV"}},
                 .headline = 1};
    }

    const TaskSpec& spec() const override { return spec_; }

    void fill(const BatchRequest& request, Batch& batch) const override {
        WindowOptions windows = windows_;
        windows.batch = request.size;
        windows.parts = request.size / request.count;
        windows.part = request.first / request.count;
        windows.dtype = request.dtype;
        sample_windows(data_, windows, request.seed, request.index, batch);
        batch.n_counted = request.size * (windows_.window_steps - burn_in_);
    }
    /// Data in memory is sampled when asked for: that costs less than handing it from thread to
    /// thread.
    std::int64_t prefetch_depth() const override { return data_.in_memory() ? 0 : 4; }
    std::int64_t count(Split split) const override {
        return split == Split::train        ? data_.size()
               : split == Split::validation ? static_cast<std::int64_t>(validation_.size())
                                            : 0;
    }

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return neuronio_loss(output, batch.targets[spike_target], batch.targets[voltage_target],
                             sample, batch.n_counted, gradient, {}, burn_in_);
    }

    Scores score(Stream& stream, const FittedModel& model, Split,
                 std::int64_t some) const override {
        const auto total = std::ssize(validation_);
        const auto samples = some <= 0 ? total : std::min<std::int64_t>(some, total);
        const NeuronIoScores all =
            evaluate(stream, model, std::span(validation_).first(static_cast<std::size_t>(samples)),
                     Protocol::published);
        const std::vector<double> values{all.loss,
                                         all.auc,
                                         all.tpr_at_fpr_0_0025,
                                         all.voltage.explained_variance_percent,
                                         all.voltage.root_mean_square_error,
                                         all.voltage.mean_absolute_error};
        return {.values = values,
                .standard_errors = std::vector<double>(values.size(), NAN),
                .samples = samples};
    }

    Values facts() const override {
        return {{"simulations", data_.size()},
                {"steps", data_.n_steps()},
                {"channels", data_.n_channels()},
                {"input_spikes", data_.n_input_spikes()},
                {"output_spikes", data_.n_output_spikes()}};
    }
    std::string summary() const override {
        return fmt::format(
            "{} simulations to train on, {} to validate on: {} steps, {} channels, "
            "{:.2f} output spikes/s",
            data_.size(), validation_.size(), data_.n_steps(), data_.n_channels(),
            data_.output_rate_hz());
    }

    Values suited_options() const override { return neuronio_suited_options(data_.n_channels()); }
    std::vector<double> readout_bias() const override {
        if (spike_bias_ != 0) return {spike_bias_, NAN};
        return neuronio_readout_bias(data_.output_rate_hz());
    }

    std::optional<Figure> prediction(Stream& stream, const FittedModel& model,
                                     const std::string& name) const override {
        const NeuronIoSimulation& simulation = validation_[shown_];
        SimulationPlot plot(model, name, simulation.name, 0, simulation.input.n_steps,
                            {shown_file_, false});
        Stream host{Device{}};
        const auto runner = model.model->runner(stream);
        runner->start(stream, 1);
        plot.add(simulation.input, runner->advance(stream, simulation.input).output.to(host));
        return plot.figure();
    }

private:
    WindowOptions windows_;
    std::int64_t burn_in_;  // steps of a window that are not learnt
    double spike_bias_;     // 0: that of the mean rate
    NeuronIoDataset data_;
    std::vector<NeuronIoSimulation> validation_;
    std::size_t shown_ = 0;  // of the validation: the liveliest one
    std::string shown_file_;
    TaskSpec spec_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "window_steps",
                     .value = std::int64_t{500},
                     .help = "length of a window",
                     .unit = "steps",
                     .lowest = 1});
    options.declare({.name = "first_step",
                     .value = std::int64_t{500},
                     .help = "windows begin here or later in a simulation",
                     .unit = "steps",
                     .lowest = 0});
    options.declare({.name = "burn_in",
                     .value = std::int64_t{0},
                     .help = "first steps of a window that do not count in the loss that is learnt",
                     .unit = "steps",
                     .lowest = 0});
    options.declare({.name = "spike_bias",
                     .value = 0.0,
                     .help = "where the bias of the spike output begins; 0: at the logit of the "
                             "mean rate"});
    return options;
}

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput& input) {
    std::int64_t size = 0;
    for (const std::string& path : input.files) size += NeuronIoFile(path).size();
    const auto [train, validation] = split_items(input.train, input.validation, size);
    return std::make_unique<NeuronIoTask>(options, input, train, validation);
}

/// A published recipe: what all of them share, `more` of the training, and the rest.
std::string published(std::int64_t batch, std::int64_t updates, const std::string& more,
                      const std::string& rest) {
    return fmt::format(R"(
        [training]
        batch = {}
        budget = "{}u"
        optimizer = "adam"
        weight_decay = 0.0
        learning_rate = 5e-4
        schedule = "cosine"
        {}
        [neuronio]
        window_steps = 500
        first_step = 500
        {}
    )",
                       batch, updates, more, rest);
}

std::string published_first(std::int64_t batch, std::int64_t updates, const std::string& neuron) {
    return published(batch, updates, "", "[elm]\nelm_version = 1\nlambda_value = 5.0\n" + neuron);
}

constexpr const char* of_2026 = R"(burn_in = 150
        spike_bias = -5.0
        [elm]
        elm_version = 2
        lambda_value = 5.0
        w_s_value = 0.05
        tau_b_value = 5.0
        memory_tau_min = 1.0
        memory_tau_max = 150.0
        mlp_activation = "relu2"
)";

}  // namespace

/// The recipe "neuronio-2026" is that of Spieler, Martius & Levina 2026, arXiv 2605.12049, and its
/// public code, where the synaptic weights begin at 0.5/sqrt(100), of 100 synapses a branch. It
/// differs in two things: the bias of the voltage begins at 0 there, and here as any bias of a
/// linear layer; their best model is that of the lowest voltage error, ours that of the lowest
/// loss.
TaskEntry neuronio_task() {
    return {
        .name = "neuronio",
        .summary = "spikes and soma voltage of a detailed cell from its synaptic input",
        .source = "Beniaguev, Segev, London 2021, doi:10.1016/j.neuron.2021.07.002",
        .options = options,
        .make = make,
        .presets = {{"neuronio", "35 epochs of 10,000 batches of 8 windows; ReLU",
                     published_first(8, 350000, "mlp_activation = \"relu\"")},
                    {"neuronio-best",
                     "100 epochs of 2,500 batches of 32 windows; 100 memory units, SiLU",
                     published_first(32, 250000, "mlp_activation = \"silu\"\nnum_memory = 100")},
                    {"neuronio-2026",
                     "burn-in, clipping, traces, squared ReLUs and small first synaptic weights of "
                     "Spieler et al. 2026",
                     published(8, 350000, "clip_norm = 1.0", of_2026)}},
        .needs_files = true};
}

}  // namespace elm
