#include "tasks/arena/sets/neuronio_pool.h"

#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"
#include "tasks/neuronio/neuronio_dataset.h"
#include "tasks/neuronio/neuronio_defaults.h"
#include "tasks/neuronio/neuronio_loss.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/neuronio/usual_errors.h"
#include "tasks/neuronio/window_sampler.h"

namespace elm {
namespace {

/// Windows by number.
struct WindowSet {
    NeuronIoDataset data;
    WindowOptions options;

    std::int64_t of_simulation() const {
        return (data.n_steps() - options.first_step) / options.window_steps;
    }
    std::int64_t count() const { return data.size() * of_simulation(); }
    NeuronIoWindow at(std::int64_t number) const {
        return {number / of_simulation(),
                options.first_step + number % of_simulation() * options.window_steps};
    }
};

TaskSpec spec_of(const WindowSet& windows, const NeuronIoWeights& weights) {
    const std::array<std::string, 2> names{"spike_loss", "voltage_loss"};
    return {
        .name = "neuronio",
        .input = InputKind::spikes,
        .shape = {windows.data.n_channels(), 2},
        .n_steps = windows.options.window_steps,
        .pooling = Pooling::all,
        .loss_parts = {{names[spike_part], weights.spikes}, {names[voltage_part], weights.voltage}},
        .metrics = {{.name = "loss", .label = "loss"},
                    {.name = names[spike_part], .label = "spikes"},
                    {.name = names[voltage_part], .label = "voltage"}}};
}

/// The task on some of the windows.
class WindowTask final : public Task {
public:
    WindowTask(std::shared_ptr<const WindowSet> windows, PoolSplits splits,
               const NeuronIoWeights& weights)
        : windows_(std::move(windows)),
          splits_{std::move(splits.train), std::move(splits.validation), std::move(splits.test)},
          weights_(weights),
          spec_(spec_of(*windows_, weights)) {}

    const TaskSpec& spec() const override { return spec_; }
    void fill(const BatchRequest& request, Batch& batch) const override {
        const SampleNumbers& own = numbers(request.split);
        ELM_CHECK(request.first_sample() + request.count <= std::ssize(own),
                  "windows {} to {} of {} are asked for.", request.first_sample(),
                  request.first_sample() + request.count - 1, own.size());
        std::vector<NeuronIoWindow> windows;
        for (std::int64_t row = 0; row < request.count; ++row) {
            windows.push_back(
                windows_->at(own[static_cast<std::size_t>(request.first_sample() + row)]));
        }
        fill_windows(windows_->data, spec_.n_steps, request.dtype, windows, batch);
        batch.n_counted = request.size * spec_.n_steps;
    }
    std::int64_t count(Split split) const override { return std::ssize(numbers(split)); }
    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return neuronio_loss(output, batch.targets[spike_target], batch.targets[voltage_target],
                             sample, batch.n_counted, gradient, weights_);
    }
    std::string summary() const override {
        return fmt::format("{} windows of {} steps of simulated neurons", count(Split::train),
                           spec_.n_steps);
    }
    Values suited_options() const override {
        return neuronio_suited_options(windows_->data.n_channels());
    }
    std::vector<double> readout_bias() const override {
        return neuronio_readout_bias(windows_->data.output_rate_hz());
    }

private:
    const SampleNumbers& numbers(Split split) const {
        return splits_[static_cast<std::size_t>(split)];
    }

    std::shared_ptr<const WindowSet> windows_;
    std::array<SampleNumbers, 3> splits_;
    NeuronIoWeights weights_;
    TaskSpec spec_;
};

class NeuronIoPool final : public ArenaPool {
public:
    NeuronIoPool(const OptionSet& options, const std::vector<std::string>& files) {
        const auto windows = std::make_shared<WindowSet>(
            WindowSet{.data = NeuronIoDataset(files),
                      .options = {.window_steps = options.get<std::int64_t>("window_steps"),
                                  .first_step = options.get<std::int64_t>("first_step")}});
        check_windows(windows->data, windows->options);
        windows_ = windows;
        SampleNumbers all(static_cast<std::size_t>(count()));
        std::iota(all.begin(), all.end(), std::int64_t{0});
        weigh_by(all);
    }

    const TaskSpec& spec() const override { return spec_; }
    std::int64_t count() const noexcept override { return windows_->count(); }
    std::int64_t group_size() const noexcept override { return windows_->of_simulation(); }
    std::vector<OutputColumn> columns() const override {
        return {OutputColumn::logit, OutputColumn::number};
    }
    void weigh_by(const SampleNumbers& calibration) override {
        UsualErrors usual;
        for (const std::int64_t number : calibration) {
            for_each_step(number, [&](bool spikes, double voltage) { usual.add(spikes, voltage); });
        }
        weights_ = {.spikes = 1 / usual.cross_entropy(), .voltage = 1 / usual.variance()};
        spec_ = spec_of(*windows_, weights_);
    }

    std::unique_ptr<Task> task_of(PoolSplits splits) const override {
        return std::make_unique<WindowTask>(windows_, std::move(splits), weights_);
    }
    std::vector<std::string> contents(const SampleNumbers& numbers) const override {
        std::vector<std::string> bytes;
        for (const std::int64_t number : numbers) {
            const auto [index, begin] = windows_->at(number);
            const auto simulation = windows_->data.compact(index);
            std::string& own = bytes.emplace_back();
            for (std::int64_t step = 0; step < spec_.n_steps; ++step) {
                const auto at = static_cast<std::size_t>(begin + step);
                for (std::int32_t k = simulation->row_begin[at]; k < simulation->row_begin[at + 1];
                     ++k) {
                    own += fmt::format("{} ", simulation->channels[static_cast<std::size_t>(k)]);
                }
                own += '\n';
            }
        }
        return bytes;
    }
    std::int64_t input_bytes() const override { return 1; }
    bool is_symbolic() const override { return false; }
    std::string fingerprint(const SampleNumbers& numbers) const override {
        Fingerprint digits;
        digits.add(spec_.n_steps);
        for (const std::string& input : contents(numbers)) digits.add(input);
        for (const std::int64_t number : numbers) {
            for_each_step(number, [&](bool spikes, double voltage) {
                digits.add(spikes ? 1 : 0);
                digits.add(voltage);
            });
        }
        return digits.text();
    }

private:
    /// Calls visit(spike, voltage as models learn it) for all steps of a window.
    template <class Visit>
    void for_each_step(std::int64_t number, const Visit& visit) const {
        const auto [index, begin] = windows_->at(number);
        const auto simulation = windows_->data.compact(index);
        for (std::int64_t step = 0; step < windows_->options.window_steps; ++step) {
            const auto at = static_cast<std::size_t>(begin + step);
            visit(simulation->output_spikes[at] != 0,
                  target_above_bias(double{simulation->soma_voltage_mV[at]}) / voltage_scale_mV);
        }
    }

    std::shared_ptr<const WindowSet> windows_;
    NeuronIoWeights weights_;
    TaskSpec spec_;
};

}  // namespace

std::unique_ptr<ArenaPool> neuronio_pool(const OptionSet& options,
                                         const std::vector<std::string>& files) {
    ELM_CHECK(!files.empty(), "the task neuronio learns from files: give ground truth.");
    return std::make_unique<NeuronIoPool>(options, files);
}

}  // namespace elm
