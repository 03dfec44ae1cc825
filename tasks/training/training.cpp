#include "tasks/training/training.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "baselines/model_file.h"
#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/record/training_history.h"

namespace elm {
namespace {

/// Sets biases of the readout. Every model's readout is a linear layer "readout", or the ELM's
/// "w_y".
void begin_at(Stream& stream, Module& module, const std::vector<double>& readout_bias) {
    if (readout_bias.empty()) return;
    Stream host{Device{}};
    for (const NamedParameter& parameter : module.parameters()) {
        if (!parameter.name.ends_with("w_y.bias") && !parameter.name.ends_with("readout.bias")) {
            continue;
        }
        const Tensor& value = parameter.parameter->value;
        const Tensor copy = value.to(host);
        visit_real(value.dtype(), [&]<class Real>(Real) {
            std::vector<Real> bias(copy.host<Real>().begin(), copy.host<Real>().end());
            for (std::size_t k = 0; k < std::min(bias.size(), readout_bias.size()); ++k) {
                if (!std::isnan(readout_bias[k])) bias[k] = static_cast<Real>(readout_bias[k]);
            }
            value.assign<Real>(stream, bias);
        });
    }
}

}  // namespace

double flops_per_sample(const TaskSpec& task, SequenceModel& model) {
    return 3 * model.flops_per_step(task.n_steps) * static_cast<double>(task.n_steps);
}

Training::Training(Stream& stream, FittedModel model, const TrainingSettings& settings,
                   const Task& task, Communicator& processes)
    : stream_(stream),
      fitted_(std::move(model)),
      settings_(settings),
      task_(task),
      processes_(processes) {
    const TaskSpec& spec = task.spec();
    const SequenceShape& shape = fitted_.spec.shape;
    ELM_CHECK(settings.updates > 0 && settings.accumulation_steps > 0 && settings.batch > 0,
              "training takes at least one update, one batch an update and one sample a batch (got "
              "{}, {} and {})",
              settings.updates, settings.accumulation_steps, settings.batch);
    ELM_CHECK(settings.batch % processes.size() == 0,
              "{} processes cannot share batches of {} samples equally. Choose a batch that is a "
              "multiple of {}.",
              processes.size(), settings.batch, processes.size());
    ELM_CHECK(
        settings.batch_parts > 0 && settings.batch % (settings.batch_parts * processes.size()) == 0,
        "a batch of {} samples has no {} equal parts on each of {} processes.", settings.batch,
        settings.batch_parts, processes.size());
    ELM_CHECK(shape.n_input == spec.shape.n_input && shape.n_output == spec.shape.n_output,
              "a model of {} inputs and {} outputs does not fit the task {}: expected {} and {}.",
              shape.n_input, shape.n_output, spec.name, spec.shape.n_input, spec.shape.n_output);
    require_fitting(spec, fitted_.model->traits(),
                    fitted_.spec.model +
                        (fitted_.spec.front_end.contains("kind") ? " behind its front end" : ""));
    ELM_CHECK(settings.label_smoothing == 0 || spec.has_labels,
              "label_smoothing is {}, and the answers of the task {} are no classes.",
              settings.label_smoothing, spec.name);
    allocate(stream, fitted_, settings.precision,
             RandomKey{settings.seed}.for_purpose("first values"));
    begin_at(stream, module(), settings.readout_bias);
    if (spec.carried) empty_trains_ = empty_trains(stream, fitted_, task, settings.precision);
    gradient_.emplace(stream, fitted_, task,
                      GradientSettings{.seed = settings.seed,
                                       .precision = settings.precision,
                                       .batch_parts = settings.batch_parts,
                                       .rank = processes.rank(),
                                       .processes = processes.size()});
    flops_per_update_ =
        flops_per_sample(spec, *fitted_.model) * static_cast<double>(settings.samples_per_update());
    optimizer_.emplace(stream, module(), fitted_.parameters, settings.optimizer);
}

/// Each batch in its parts, one after the other.
void Training::start_batches() {
    const std::int64_t parts = settings_.batch_parts;
    const std::int64_t samples = settings_.batch / (parts * processes_.size());
    batches_.emplace(
        [this, parts, samples](std::int64_t index, Batch& batch) {
            task_.fill({.split = Split::train,
                        .seed = settings_.seed,
                        .index = index / parts,
                        .size = settings_.batch,
                        .first = samples * (parts * processes_.rank() + index % parts),
                        .count = samples,
                        .dtype = settings_.precision},
                       batch);
            batch.label_smoothing = settings_.label_smoothing;
        },
        update_count() * settings_.accumulation_steps * parts, task_.prefetch_depth(),
        task_.prefetch_threads());
}

const Batch& Training::next_batch() {
    if (!batches_) start_batches();
    return batches_->next();
}

double Training::measure_pass(std::int64_t n_samples) {
    gradient_->release();
    const PeakBuffers peak(stream_.device().kind);
    Batch batch;
    task_.fill({.seed = settings_.seed,
                .size = n_samples,
                .count = n_samples,
                .dtype = settings_.precision,
                .full_length = true},
               batch);
    const double waiting = static_cast<double>(task_.prefetch_depth()) * peak.bytes();
    gradient_->add(batch, update_count(), 0);
    stream_.synchronize();
    discard_gradient();
    return peak.bytes() + waiting;
}

double Training::fraction_done() const noexcept {
    return static_cast<double>(update_count()) / static_cast<double>(settings_.updates);
}

Pace Training::pace() const noexcept {
    return {settings_.updates, settings_.report_every, settings_.validate_every};
}

void Training::set_pace(const Pace& pace) {
    settings_.updates = pace.updates;
    settings_.report_every = pace.report_every;
    settings_.validate_every = pace.validate_every;
    settings_.learning_rate.total_steps = pace.updates;
}

WorkDone Training::work() const {
    return {.updates = update_count(),
            .seconds = history_.spent.total(),
            .flops = flops_per_update_ * static_cast<double>(update_count())};
}

WorkDone Training::work_with_earlier() const {
    const WorkDone own = work(), &earlier = settings_.earlier;
    return {.updates = own.updates + earlier.updates,
            .seconds = own.seconds + earlier.seconds,
            .flops = own.flops + earlier.flops};
}

LossSums Training::summed(const LossSums& loss) {
    Stream host{Device{}};
    std::array<double, LossSums::most_parts + 1> values{};
    std::copy(loss.parts.begin(), loss.parts.end(), values.begin());
    values.back() = static_cast<double>(loss.count);
    const Tensor sums = Tensor::from<double>(host, {values.size()}, values);
    processes_.sum(host, sums);
    LossSums total;
    std::copy_n(sums.host<double>().begin(), loss.parts.size(), total.parts.begin());
    total.count = static_cast<std::int64_t>(sums.host<double>().back());
    return total;
}

void Training::update() {
    LossSums loss;
    const std::int64_t passes = settings_.accumulation_steps * settings_.batch_parts;
    for (std::int64_t pass = 0; pass < passes; ++pass) {
        gradient_->poll();
        loss.add(gradient_->add(next_batch(), update_count(), pass));
    }
    if (processes_.size() > 1) {
        processes_.sum(stream_, fitted_.parameters.gradients);
        loss = summed(loss);
    }
    finish_update(loss);
    // By all of them now, for one alone writes checkpoints, whenever it has to.
    if (processes_.size() > 1) carried_ = gather_states(stream_, gradient_->states(), processes_);
}

void Training::finish_update(const LossSums& loss) {
    history_.pending.add(loss);
    optimizer_->step(stream_, settings_.learning_rate.at(update_count()),
                     settings_.accumulation_steps);
    gradient_->keep_states();
}

void Training::advance(std::int64_t end, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto stop = Clock::now() + std::chrono::duration<double>(seconds);
    end = std::min(end, settings_.updates);
    constexpr std::int64_t updates_together = 16;
    const bool alone = processes_.size() == 1;
    if (!alone) end = std::min(end, update_count() + updates_together);
    while (update_count() < end) {
        update();
        if (alone && Clock::now() >= stop) break;
    }
}

TrainingReport Training::report() {
    TrainingReport report;
    report.update = update_count();
    report.loss = history_.pending;
    report.learning_rate =
        settings_.learning_rate.at(std::max<std::int64_t>(0, update_count() - 1));
    report.gradient_norm = optimizer_->gradient_norm();
    history_.pending = {};
    history_.reports.push_back(report);
    return report;
}

template <class Work>
void Training::with_average(const Work& work) {
    const bool averaged = settings_.optimizer.average_decay > 0;
    if (averaged) optimizer_->exchange_average(stream_);
    try {
        work();
    } catch (...) {
        if (averaged) optimizer_->exchange_average(stream_);
        throw;
    }
    if (averaged) optimizer_->exchange_average(stream_);
}

ScoredSamples Training::affordable_samples(double seconds) {
    constexpr double validation_share = 0.04, test_share = 0.05;
    constexpr std::int64_t fewest = 8, factor = 4;
    const std::int64_t total = task_.count(Split::validation);
    for (std::int64_t tried = std::min(fewest, total);; tried = std::min(factor * tried, total)) {
        const auto start = std::chrono::steady_clock::now();
        with_average([&] { task_.score(stream_, fitted_, Split::validation, tried); });
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
        history_.spent.validation += passed.count();
        score_seconds_ = passed.count() / static_cast<double>(tried);
        if (tried == total || factor * passed.count() > validation_share * seconds) break;
    }
    const auto affordable = [&](Split split, double share) -> std::int64_t {
        const auto all = static_cast<double>(task_.count(split));
        return score_seconds_ * all <= share * seconds
                   ? 0
                   : std::max(fewest, static_cast<std::int64_t>(share * seconds / score_seconds_));
    };
    return {.validation = affordable(Split::validation, validation_share),
            .test = task_.spec().has_test ? affordable(Split::test, test_share) : 0};
}

double Training::test_seconds() const noexcept {
    if (!task_.spec().has_test) return 0;
    const std::int64_t some = settings_.scored.test;
    return score_seconds_ * static_cast<double>(some > 0 ? some : task_.count(Split::test));
}

Validation Training::validate() {
    Validation validation;
    validation.update = update_count();
    const auto start = std::chrono::steady_clock::now();
    with_average([&] {
        validation.scores =
            task_.score(stream_, fitted_, Split::validation, settings_.scored.validation).values;
    });
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    history_.spent.last_validation = passed.count();
    history_.spent.validation += passed.count();
    history_.validations.push_back(validation);
    return validation;
}

bool Training::is_best() const noexcept {
    return !history_.validations.empty() && best() == &history_.validations.back();
}

const Validation* Training::best() const {
    const double sign = task_.spec().metrics.front().higher_is_better ? -1 : 1;
    const auto cost = [&](const Validation& one) { return sign * one.scores.front(); };
    const Validation* least = nullptr;
    for (const Validation& one : history_.validations) {
        if (one.update == 0) continue;
        if (least == nullptr || cost(one) < cost(*least) || std::isnan(cost(*least))) least = &one;
    }
    return least;
}

void Training::save_model(const std::string& path, const std::string& source, bool force) {
    fitted_.spec.source = source;
    with_average([&] { elm::save_model(fitted_, path, force); });
}

void Training::write_checkpoint(const std::string& path, const Config& config) {
    TrainingState state;
    state.seed = settings_.seed;
    state.step = update_count();
    if (const Validation* found = best(); found != nullptr) {
        const double first = found->scores.front();
        state.best_metric = task_.spec().metrics.front().higher_is_better ? first : -first;
    }
    state.config = config;
    put_pace(pace(), state.config);
    put_scored_samples(settings_.scored, state.config);
    state.config.sections[data_section]["batch_parts"] = settings_.batch_parts;
    state.history = to_history(task_.spec(), history_);
    if (processes_.size() == 1) carried_ = gather_states(stream_, gradient_->states(), processes_);
    state.carried = checkpoint_arrays(carried_);
    elm::write_checkpoint(path, module(), fitted_.parameters, &*optimizer_, state);
}

void Training::resume(const std::string& path) {
    const TrainingState state =
        read_checkpoint(stream_, path, module(), fitted_.parameters, &*optimizer_);
    history_ = with_context(path, [&] { return from_history(task_.spec(), state.history); });
    carried_ = with_context(path, [&] { return carried_arrays(state.carried, settings_.batch); });
    gradient_->go_on_from(
        own_states(stream_, carried_, settings_.batch_parts, processes_, empty_trains_));
    batches_.reset();
}

}  // namespace elm
