#include "tasks/training/fit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "kernels/core/check.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/training/tape_gradient.h"

namespace elm {
namespace {

/// A member of a record and the name of its column in a checkpoint.
template <class Record>
struct Column {
    const char* name;
    double (*read)(const Record&);
    void (*write)(Record&, double);
};

#define ELM_COLUMN(Record, name, member)                                                       \
    Column<Record> {                                                                           \
        name, [](const Record& r) { return static_cast<double>(r.member); },                   \
            [](Record& r, double value) { r.member = static_cast<decltype(r.member)>(value); } \
    }

const Column<FitReport> report_columns[] = {
    ELM_COLUMN(FitReport, "train_update", update),
    ELM_COLUMN(FitReport, "train_spike_loss", loss.spike),
    ELM_COLUMN(FitReport, "train_voltage_loss", loss.voltage),
    ELM_COLUMN(FitReport, "train_bins", loss.bins),
    ELM_COLUMN(FitReport, "train_learning_rate", learning_rate),
    ELM_COLUMN(FitReport, "train_gradient_norm", gradient_norm),
};
const Column<FitScores> score_columns[] = {
    ELM_COLUMN(FitScores, "validation_update", update),
    ELM_COLUMN(FitScores, "validation_loss", loss),
    ELM_COLUMN(FitScores, "validation_auc", auc),
    ELM_COLUMN(FitScores, "validation_explained_variance_percent", explained_variance_percent),
    ELM_COLUMN(FitScores, "validation_rmse_mV", rmse_mV),
    ELM_COLUMN(FitScores, "validation_mae_mV", mae_mV),
};
const Column<NeuronIoLoss> pending_columns[] = {
    ELM_COLUMN(NeuronIoLoss, "pending_spike_loss", spike),
    ELM_COLUMN(NeuronIoLoss, "pending_voltage_loss", voltage),
    ELM_COLUMN(NeuronIoLoss, "pending_bins", bins),
};
#undef ELM_COLUMN

using History = std::map<std::string, std::vector<double>>;

template <class Record, std::size_t count>
void put(History& history, const Column<Record> (&columns)[count],
         const std::vector<Record>& records) {
    for (const Column<Record>& column : columns) {
        std::vector<double>& values = history[column.name];
        for (const Record& record : records) values.push_back(column.read(record));
    }
}

template <class Record, std::size_t count>
std::vector<Record> take(const History& history, const Column<Record> (&columns)[count],
                         const std::string& path) {
    std::vector<Record> records;
    for (const Column<Record>& column : columns) {
        const auto found = history.find(column.name);
        if (found == history.end() ||
            (&column != columns && found->second.size() != records.size())) {
            throw Error(ErrorKind::data,
                        fmt::format("{}: the history {} is missing or cut. This is not a "
                                    "checkpoint of elmsim fit.",
                                    path, column.name));
        }
        records.resize(found->second.size());
        for (std::size_t k = 0; k < records.size(); ++k) column.write(records[k], found->second[k]);
    }
    return records;
}

/// Sets the bias of the spike's logit, the first of the readout. Every model's readout is a linear
/// layer "readout", or the ELM's "w_y".
void begin_at(Stream& stream, Module& module, double probability) {
    if (probability <= 0 || probability >= 1) return;
    Stream host{Device{}};
    for (const NamedParameter& parameter : module.parameters()) {
        if (parameter.name != "w_y.bias" && parameter.name != "readout.bias") continue;
        const Tensor& value = parameter.parameter->value;
        const Tensor copy = value.to(host);
        visit_real(value.dtype(), [&]<class Real>(Real) {
            std::vector<Real> bias(copy.host<Real>().begin(), copy.host<Real>().end());
            bias.front() = static_cast<Real>(std::log(probability / (1 - probability)));
            value.assign<Real>(stream, bias);
        });
    }
}

}  // namespace

Fit::Fit(Stream& stream, FittedModel model, const FitSettings& settings,
         const NeuronIoDataset& data, Communicator& processes)
    : stream_(stream),
      fitted_(std::move(model)),
      settings_(settings),
      data_(data),
      processes_(processes) {
    ELM_CHECK(settings.updates > 0 && settings.passes > 0,
              "a fit needs at least one update and one batch an update (got {} and {})",
              settings.updates, settings.passes);
    ELM_CHECK(fitted_.spec.shape.n_output == 2,
              "a fitted neuron has 2 outputs, spike logit and voltage (got {})",
              fitted_.spec.shape.n_output);
    allocate(stream, fitted_, settings.precision,
             RandomKey{settings.seed}.for_purpose("first values"));
    begin_at(stream, module(), settings.spike_probability);
    pass_ = fitted_.model->training_pass(stream, settings.precision);
    optimizer_.emplace(stream, module(), fitted_.parameters, settings.optimizer);
    settings_.windows.dtype = settings.precision;
    settings_.windows.part = processes.rank();
    settings_.windows.parts = processes.size();
    start_batches();
}

PassCall Fit::call(const NeuronIoBatch& batch) {
    const Shape shape{batch.spikes.n_samples, batch.spikes.n_steps, fitted_.spec.shape.n_output};
    if (!output_.defined() || output_.shape() != shape) {
        Stream host{Device{}};
        output_ = Tensor::zeros(host, shape, settings_.precision);
        output_gradient_ = Tensor::zeros(host, shape, settings_.precision);
        losses_.resize(static_cast<std::size_t>(batch.spikes.n_samples));
    }
    return {.spikes = &batch.spikes,
            .output = output_,
            .output_gradient = output_gradient_,
            .loss = [this, &batch](std::int64_t first, std::int64_t count) {
                for (std::int64_t sample = first; sample < first + count; ++sample) {
                    losses_[static_cast<std::size_t>(sample)] =
                        neuronio_loss(output_, batch.spike_target, batch.voltage_target, sample,
                                      batch.n_bins, output_gradient_);
                }
            }};
}

NeuronIoLoss Fit::loss_of_pass() const {
    NeuronIoLoss total;
    for (const NeuronIoLoss& loss : losses_) total.add(loss);
    return total;
}

NeuronIoLoss Fit::add_gradient(const NeuronIoBatch& batch, const RandomKey& key) {
    if (pass_ == nullptr) return tape_gradient(stream_, *fitted_.model, batch, key);
    pass_->run(call(batch));
    return loss_of_pass();
}

void Fit::start_batches() {
    batches_.emplace(data_, settings_.windows, settings_.seed, update_count() * settings_.passes);
}

double Fit::fraction_done() const noexcept {
    return static_cast<double>(update_count()) / static_cast<double>(settings_.updates);
}

NeuronIoLoss Fit::summed(const NeuronIoLoss& loss) {
    Stream host{Device{}};
    const std::array<double, 3> parts{loss.spike, loss.voltage, static_cast<double>(loss.bins)};
    const Tensor sums = Tensor::from<double>(host, {3}, parts);
    processes_.sum(host, sums);
    const auto values = sums.host<double>();
    return {values[0], values[1], static_cast<std::int64_t>(values[2])};
}

void Fit::update() {
    const std::int64_t now = update_count();
    const RandomKey key =
        RandomKey{settings_.seed}.for_purpose("update").at_step(static_cast<std::uint64_t>(now));
    NeuronIoLoss loss;
    for (std::int64_t pass = 0; pass < settings_.passes; ++pass) {
        loss.add(add_gradient(batches_->next(), key.for_part(static_cast<std::uint32_t>(pass))));
    }
    if (processes_.size() > 1) {
        processes_.sum(stream_, fitted_.parameters.gradients);
        loss = summed(loss);
    }
    finish_update(loss);
}

void Fit::finish_update(const NeuronIoLoss& loss) {
    loss_.add(loss);
    optimizer_->step(stream_, settings_.learning_rate.at(update_count()), settings_.passes);
}

void Fit::advance(std::int64_t end, double seconds) {
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

FitReport Fit::report() {
    FitReport report;
    report.update = update_count();
    report.loss = loss_;
    report.learning_rate =
        settings_.learning_rate.at(std::max<std::int64_t>(0, update_count() - 1));
    report.gradient_norm = optimizer_->gradient_norm();
    loss_ = {};
    reports_.push_back(report);
    return report;
}

template <class Work>
void Fit::with_average(const Work& work) {
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

FitScores Fit::validate(std::span<const NeuronIoSimulation> simulations) {
    FitScores scores;
    scores.update = update_count();
    with_average([&] {
        const NeuronIoScores all = evaluate(stream_, fitted_, simulations, Protocol::published);
        scores.loss = all.loss;
        scores.auc = all.auc;
        scores.explained_variance_percent = all.voltage.explained_variance_percent;
        scores.rmse_mV = all.voltage.root_mean_square_error;
        scores.mae_mV = all.voltage.mean_absolute_error;
    });
    validations_.push_back(scores);
    return scores;
}

bool Fit::is_best() const noexcept {
    return !validations_.empty() && best() == &validations_.back();
}

const FitScores* Fit::best() const {
    const FitScores* least = nullptr;
    for (const FitScores& scores : validations_) {
        if (scores.update == 0) continue;
        if (least == nullptr || scores.loss < least->loss || std::isnan(least->loss)) {
            least = &scores;
        }
    }
    return least;
}

void Fit::save_model(const std::string& path, const std::string& source, bool force) {
    fitted_.spec.source = source;
    with_average([&] { elm::save_model(fitted_, path, force); });
}

void Fit::write_checkpoint(const std::string& path, const Config& config) {
    TrainingState state;
    state.seed = settings_.seed;
    state.step = update_count();
    if (const FitScores* found = best(); found != nullptr) state.best_metric = -found->loss;
    state.config = config;
    put(state.history, report_columns, reports_);
    put(state.history, score_columns, validations_);
    put(state.history, pending_columns, std::vector<NeuronIoLoss>{loss_});
    elm::write_checkpoint(path, module(), fitted_.parameters, &*optimizer_, state);
}

void Fit::resume(const std::string& path) {
    const TrainingState state =
        read_checkpoint(stream_, path, module(), fitted_.parameters, &*optimizer_);
    History history = state.history;
    if (!history.contains("validation_loss")) {  // as older programs left it
        history["validation_loss"].resize(history["validation_update"].size(), NAN);
    }
    reports_ = take(history, report_columns, path);
    validations_ = take(history, score_columns, path);
    const std::vector<NeuronIoLoss> pending = take(history, pending_columns, path);
    ELM_CHECK(pending.size() == 1, "{}: this is not a checkpoint of elmsim fit.", path);
    loss_ = pending.front();
    start_batches();
}

}  // namespace elm
