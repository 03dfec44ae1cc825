#include "tasks/samples/sample_task.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/ignored_target.h"
#include "tasks/losses.h"

namespace elm {
namespace {

constexpr std::int64_t steps_of_bucket = 64;
constexpr const char* bits_name = "bits_per_character";

TaskSpec task_spec(std::string name, const SampleForm& form, bool has_test) {
    TaskSpec spec{.name = std::move(name),
                  .input = form.input.kind,
                  .shape = {form.input.width, std::max<std::int64_t>(form.n_classes, 1)},
                  .n_steps = form.n_steps,
                  .step_ms = form.step_ms > 0 ? form.step_ms : 1,
                  .pooling = form.pooling,
                  .towers = form.towers,
                  .has_labels = form.n_classes > 0,
                  .has_test = has_test,
                  .asks_next = form.counts_bits,
                  .carried = form.carried};
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    if (form.n_classes > 0) {
        spec.loss_parts = class_loss_parts();
        spec.metrics = class_metrics(form.counts_bits  ? unknown
                                     : form.chance > 0 ? form.chance
                                                       : 1 / static_cast<double>(form.n_classes));
        spec.headline = 1;  // accuracy
        if (form.counts_bits) {
            spec.loss_parts.push_back({bits_name, 0});
            spec.metrics.front() = {.name = bits_name,
                                    .label = "bits/character",
                                    .is_drawn = true,
                                    .has_interval = true};
            spec.headline = 0;
        }
    } else {
        spec.loss_parts = {{"mse", 1}};
        spec.metrics = {{.name = "mse",
                         .label = "MSE",
                         .digits = 5,
                         .is_drawn = true,
                         .chance = form.chance > 0 ? form.chance : unknown}};
    }
    return spec;
}

/// Batch k of samples that stand in the order of as many sequences as it holds: sample k of each.
std::vector<std::int64_t> samples_side_by_side(const BatchRequest& request, std::int64_t length) {
    std::vector<std::int64_t> samples;
    for (std::int64_t sequence = 0; sequence < request.size; ++sequence) {
        samples.push_back(sequence * length + request.index % length);
    }
    return samples;
}

/// Targets that count in the loss of a task that is asked in each step.
std::int64_t counted(const SetColumn& targets) {
    return std::visit(
        [](const auto& all) {
            return static_cast<std::int64_t>(
                std::count_if(all.begin(), all.end(), [](auto target) { return target >= 0; }));
        },
        targets.values);
}

void declare_sizes(OptionSet& options) {
    options.declare({.name = "held_out",
                     .value = GeneratedSizes{}.held_out,
                     .help = "samples of the validation set, and of the test set; of files all",
                     .lowest = 1,
                     .highest = 1e7});
    options.declare({.name = "train_samples",
                     .value = GeneratedSizes{}.train_samples,
                     .help =
                         "samples to train on in epochs; 0: new ones for every update, of files "
                         "all",
                     .lowest = 0,
                     .highest = 1e12});
}

}  // namespace

SampleTask::SampleTask(std::string name, const SampleKind& kind, SampleForm form,
                       std::unique_ptr<const SampleSource> source)
    : form_(std::move(form)),
      source_(std::move(source)),
      input_(kind.learnt[0]),
      target_(kind.learnt[1]),
      spec_(task_spec(std::move(name), form_, source_->count(Split::test) > 0)) {
    for (const SetField& field : source_->fields()) {
        if (field.name != input_ || field.ragged || form_.input.events) continue;
        const std::int64_t steps =
            field.row_size() / (field.type == SetType::f32 ? form_.input.width : 1);
        if (steps == form_.n_steps) continue;
        throw Error(ErrorKind::data, fmt::format("samples of {} have {} steps; expected {}.",
                                                 source_->name(), steps, form_.n_steps));
    }
}

void SampleTask::fill(const BatchRequest& request, Batch& batch) const {
    const std::int64_t length = spec_.carried ? source_->count(request.split) / request.size : 1;
    ELM_CHECK(
        length > 0,
        "{} samples of the task {} are no {} sequences side by side. Choose a smaller batch or "
        "shorter samples.",
        source_->count(request.split), spec_.name, request.size);
    const std::vector<std::int64_t> whole =
        spec_.carried ? samples_side_by_side(request, length) : source_->samples_of(request);
    batch.begins = request.index % length == 0;
    const std::span<const std::int64_t> own = std::span(whole).subspan(
        static_cast<std::size_t>(request.first), static_cast<std::size_t>(request.count));
    const bool asks_each_step = spec_.pooling == Pooling::all && spec_.towers.empty();
    const bool reads_whole = asks_each_step && form_.n_classes > 0;  // to count the answers
    SetColumns columns = empty_columns(source_->fields());
    source_->read(request.split, request.seed, reads_whole ? std::span(whole) : own, columns);
    const std::int64_t first = reads_whole ? request.first : 0;
    const SetColumn &inputs = column_of(columns, input_), &targets = column_of(columns, target_);

    std::int64_t n_steps = spec_.n_steps;
    const auto longest = source_->longest(request.split, whole);
    if (longest && !request.full_length) {
        const std::int64_t steps = *longest + (form_.input.end >= 0 ? 1 : 0);
        n_steps =
            std::min(n_steps, (steps + steps_of_bucket - 1) / steps_of_bucket * steps_of_bucket);
    }
    begin_input(form_.input, inputs, request.count, n_steps, request.dtype, batch);
    batch.targets.resize(1);
    reshape_to(batch.targets.front(), {request.count, asks_each_step ? n_steps : 1},
               form_.n_classes > 0 ? DType::i32 : request.dtype);
    for (std::int64_t row = 0; row < request.count; ++row) {
        try {
            add_input(form_.input, inputs, first + row, row, batch);
            add_target(targets, first + row, row, batch);
        } catch (const Error& error) {
            throw error.with_context(
                fmt::format("reading {} sample {} of {}", name_of(request.split),
                            own[static_cast<std::size_t>(row)], source_->name()));
        }
    }
    batch.n_counted = reads_whole ? counted(targets) : request.size;
}

void SampleTask::add_target(const SetColumn& targets, std::int64_t sample, std::int64_t row,
                            Batch& batch) const {
    const Tensor& into = batch.targets.front();
    const auto at = static_cast<std::size_t>(row * into.shape()[1]);
    const auto rows = static_cast<std::size_t>(into.shape()[1]);
    std::visit(
        [&]<class T>(const std::vector<T>&) {
            const std::span<const T> values = targets.at<T>(sample);
            ELM_CHECK(!values.empty(), "a sample without an answer.");
            if (form_.n_classes == 0) {
                visit_real(into.dtype(), [&]<class Real>(Real) {
                    into.host<Real>()[at] = static_cast<Real>(values.back());
                });
                return;
            }
            const auto labels = into.host<std::int32_t>().subspan(at, rows);
            std::fill(labels.begin(), labels.end(), ignored_target);
            const std::size_t skipped = values.size() - std::min(rows, values.size());
            for (std::size_t k = skipped; k < values.size(); ++k) {
                const auto label = static_cast<std::int32_t>(values[k]);
                const bool may_be_none = spec_.pooling == Pooling::all && label == ignored_target;
                if (!may_be_none && (label < 0 || label >= form_.n_classes)) {
                    throw Error(ErrorKind::data, fmt::format("the label {}; expected 0 to {}.",
                                                             label, form_.n_classes - 1));
                }
                labels[k - skipped] = label;
            }
        },
        targets.values);
}

std::int64_t SampleTask::prefetch_depth() const {
    return prefetch_threads() == 1 ? 4 : prefetch_threads() + 1;
}

LossSums SampleTask::loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                          const Tensor& gradient) const {
    const Tensor& targets = batch.targets.front();
    if (form_.n_classes == 0) {
        return squared_error_loss(output, targets, sample, batch.n_counted, gradient);
    }
    LossSums sums =
        class_loss(output, targets, sample, batch.n_counted, gradient, batch.label_smoothing);
    if (form_.counts_bits) sums.parts[2] = sums.parts[0] / std::numbers::ln2;
    return sums;
}

Values SampleTask::facts() const {
    Values facts = source_->facts();
    facts["task"] = spec_.name;
    facts["steps"] = spec_.n_steps;
    return facts;
}

Values SampleTask::about() const {
    return {{"encoding", form_.input.name}, {"data", source_->name()}};
}

std::string SampleTask::summary() const {
    const std::int64_t count = source_->count(Split::train);
    const std::int64_t test = source_->count(Split::test);
    const std::string trained =
        count == 0 ? fmt::format("new samples of {} steps for every update", spec_.n_steps)
                   : fmt::format("{} samples of {} steps, {}", count, spec_.n_steps,
                                 spec_.carried ? "each going on from the state of the one before"
                                               : "in another order in every epoch");
    return fmt::format("{}: {}, {} to validate on, {} to test on; {}, {}", spec_.name, trained,
                       source_->count(Split::validation), test == 0 ? "none" : fmt::to_string(test),
                       source_->name(), form_.input.name);
}

Values SampleTask::suited_options() const {
    const auto steps = static_cast<double>(spec_.n_steps);
    if (form_.step_ms == 0) return {{"memory_tau_max", steps}};
    constexpr double longest_ms = 500;  // of the public programs of Spieler et al. for SHD
    return {{"memory_tau_max", std::min(longest_ms, steps * form_.step_ms)},
            {"delta_t", form_.step_ms}};
}

TaskEntry sample_task(TaskEntry entry) {
    const SampleKind kind = entry.samples.value();
    entry.options = [kind] {
        OptionSet options = open_options(kind);
        if (kind.declare_form != nullptr) kind.declare_form(options);
        declare_sizes(options);
        return options;
    };
    entry.make = [name = entry.name, kind](const OptionSet& chosen,
                                           const TaskInput& input) -> std::unique_ptr<Task> {
        const OptionSet options = all_options(kind, chosen);
        std::unique_ptr<const SampleSource> source;
        if (input.samples != nullptr) {
            source = std::make_unique<StoredSource>(*input.samples, kind.learnt, kind.are_events);
            if (kind.combine != nullptr) source = kind.combine(options, std::move(source));
        } else {
            ELM_CHECK(kind.generator != nullptr, "the task {} learns from files: give {}.", name,
                      kind.published);
            source = std::make_unique<GeneratedSource>(
                make_generator(kind, options),
                GeneratedSizes{.held_out = options.get<std::int64_t>("held_out"),
                               .train_samples = options.get<std::int64_t>("train_samples")});
        }
        SampleForm form = kind.form(options, *source);
        return std::make_unique<SampleTask>(name, kind, std::move(form), std::move(source));
    };
    return entry;
}

}  // namespace elm
