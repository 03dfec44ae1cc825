#include "tasks/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <numeric>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "kernels/core/support/progress.h"
#include "tasks/training/limit_scores.h"
#include "tasks/training/trainer_work.h"

namespace elm {
namespace {

constexpr double slice_seconds = 0.25;  // between looks at signals

class Trainer {
public:
    Trainer(std::span<const TrainerRun> runs, const TrainerSettings& settings,
            Communicator& processes, const std::function<void()>& poll)
        : runs_(runs),
          settings_(settings),
          processes_(processes),
          poll_(poll),
          progress_("train", 0, "updates") {
        progress_.start_at(updates_done());
        if (processes_.size() > 1) return;  // all stop after the same update
        for (const TrainerRun& run : runs_) {
            run.training->poll_with([this] { poll_within_update(); });
        }
    }
    ~Trainer() {
        for (const TrainerRun& run : runs_) run.training->poll_with({});
    }
    Trainer(const Trainer&) = delete;
    Trainer& operator=(const Trainer&) = delete;

    void run() {
        if (settings_.seconds > 0 && processes_.leads()) {
            limit_scores(runs_, settings_);
        }
        for (const TrainerRun& run : runs_) begin(run);
        work_ = share_work(runs_);
        if (settings_.seconds > 0) share_time();
        show_plan();
        try {
            while (true) {
                const std::vector<TrainerWork*> chosen = least_advanced();
                if (chosen.empty()) break;
                advance(chosen);
                for (TrainerWork* work : chosen) {
                    plan(*work);
                    for (const TrainerRun* run : work->runs) after_slice(*run);
                }
                if (seconds() - last_checkpoint_ > settings_.checkpoint_seconds) checkpoint();
                show();
                poll();
            }
        } catch (const Error& error) {
            // Numbers that are not finite must not replace a good checkpoint.
            if (error.kind() != ErrorKind::numeric && error.kind() != ErrorKind::write) {
                checkpoint();
            }
            throw;
        } catch (...) {
            checkpoint();
            const std::int64_t planned = updates_planned();
            log::info("stopped at update {}{}: {} all of it, and resuming goes on from there",
                      updates_done(), planned > 0 ? fmt::format(" of {}", planned) : "",
                      runs_.size() > 1 ? "the checkpoints hold" : "the checkpoint holds");
            throw;
        }
        checkpoint();
        progress_.finish();
    }

private:
    template <class Value>
    std::int64_t sum(const Value& value) const {
        return std::accumulate(
            runs_.begin(), runs_.end(), std::int64_t{0},
            [&](std::int64_t total, const TrainerRun& run) { return total + value(run); });
    }

    std::int64_t updates_done() const {
        return sum([](const TrainerRun& run) { return run.training->update_count(); });
    }

    /// Of all runs; 0 before all are planned.
    std::int64_t updates_planned() const {
        const bool all = std::all_of(runs_.begin(), runs_.end(), [](const TrainerRun& run) {
            return run.training->pace().is_planned();
        });
        return all ? sum([](const TrainerRun& run) { return run.training->settings().updates; })
                   : 0;
    }

    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

    /// From any thread that works on an update: one at a time, and no more often than slices end.
    void poll_within_update() {
        const std::unique_lock lock(polling_, std::try_to_lock);
        if (!lock || seconds() < next_poll_) return;
        poll_();
        next_poll_ = seconds() + slice_seconds;
    }

    /// All processes must stop after the same update.
    void poll() {
        std::exception_ptr own;
        try {
            poll_();
        } catch (...) {
            own = std::current_exception();
        }
        if (processes_.size() > 1) {
            const std::vector<std::int64_t> stopped = processes_.gather(own == nullptr ? 0 : 1);
            if (own == nullptr && std::count(stopped.begin(), stopped.end(), 1) > 0) {
                throw Error(ErrorKind::data, "another process of this run was interrupted");
            }
        }
        if (own != nullptr) std::rethrow_exception(own);
    }

    void begin(const TrainerRun& run) {
        if (!processes_.leads()) return;
        const bool is_new = run.training->validations().empty();
        // First of all: what cannot be kept does not begin, and leaves nothing.
        if (is_new) run.training->write_checkpoint(run.files->checkpoint(), run.config);
        run.files->open_metrics(is_new ? -1 : run.training->update_count());
        if (!is_new) return;
        validate(run);  // where it starts from
        run.training->write_checkpoint(run.files->checkpoint(), run.config);
    }

    /// Work that runs side by side has its time at once: each run an equal share, none more than
    /// there is.
    void share_time() {
        const double share = settings_.seconds * static_cast<double>(side_by_side()) /
                             static_cast<double>(runs_.size());
        for (TrainerWork& work : work_) {
            double own = std::min(settings_.seconds, share * static_cast<double>(work.runs.size()));
            // The test comes when all are done, one run after the other.
            for (const TrainerRun* run : work.runs) {
                if (!settings_.tests) continue;
                own -= run->training->test_seconds() * static_cast<double>(side_by_side());
            }
            work.plan.emplace(own, work.time_spent(side_by_side()), work.first().update_count(),
                              settings_.validate_every);
        }
    }

    /// Looks at the plan of work that is given time. A new one is kept at once, so that what goes
    /// on from a checkpoint has it.
    void plan(TrainerWork& work) {
        if (!work.plan) return;
        const Pace before = work.first().pace();
        Pace pace = before;
        if (processes_.leads()) {
            pace = work.plan->revise(before, work.time_spent(side_by_side()),
                                     work.first().update_count());
        }
        for (std::int64_t* one : {&pace.updates, &pace.report_every, &pace.validate_every}) {
            *one = processes_.gather(*one).front();
        }
        if (pace.updates == before.updates) return;
        for (const TrainerRun* run : work.runs) run->training->set_pace(pace);
        checkpoint();
        if (before.is_planned()) {
            log::debug("{}: {} updates are planned, {} before", work.runs.front()->name,
                       pace.updates, before.updates);
        } else {
            show_plan();
        }
    }

    /// Says how long the runs will be, once that is known of all.
    void show_plan() {
        const std::int64_t total = updates_planned();
        if (total == 0 || total == updates_done() || !processes_.leads()) return;
        const Training& first = *runs_.front().training;
        log::info("planned {} updates{}, a validation every {}", total,
                  runs_.size() > 1 ? fmt::format(" of {} runs", runs_.size()) : "",
                  first.settings().validate_every);
    }

    std::vector<TrainerWork*> least_advanced() {
        std::vector<TrainerWork*> open;
        for (TrainerWork& work : work_) {
            if (work.fraction_done() < 1) open.push_back(&work);
        }
        std::stable_sort(open.begin(), open.end(), [](const TrainerWork* a, const TrainerWork* b) {
            return a->fraction_done() < b->fraction_done();
        });
        open.resize(std::min(open.size(), works_at_once()));
        return open;
    }

    std::size_t side_by_side() const { return std::min(work_.size(), works_at_once()); }

    /// Sums over processes must come in one order: with several, one run at a time.
    std::size_t works_at_once() const {
        return processes_.size() > 1 ? 1 : static_cast<std::size_t>(thread_count());
    }

    /// An exception of one ends the others' slice, too, but only after it.
    void advance(const std::vector<TrainerWork*>& chosen) {
        const double start = seconds();
        std::vector<std::exception_ptr> failures(chosen.size());
        Cpu::for_each_task(std::ssize(chosen), [&](std::int64_t k) {
            const auto at = static_cast<std::size_t>(k);
            try {
                chosen[at]->advance(slice_seconds);
            } catch (...) {
                failures[at] = std::current_exception();
            }
        });
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            if (failures[k] == nullptr) continue;
            with_context("training " + chosen[k]->runs.front()->name,
                         [&] { std::rethrow_exception(failures[k]); });
        }
        // Work that is done sooner waits for the others: that is time of its own, too.
        for (const TrainerWork* work : chosen) {
            const double share = (seconds() - start) / static_cast<double>(work->runs.size());
            for (const TrainerRun* run : work->runs) run->training->add_seconds(share);
        }
    }

    void after_slice(const TrainerRun& run) {
        Training& training = *run.training;
        const std::int64_t now = training.update_count();
        const auto due = [&](std::int64_t interval, const auto& done) {
            return (now % interval == 0 || training.done()) &&
                   (done.empty() || done.back().update != now);
        };
        if (due(training.settings().report_every, training.reports())) {
            const TrainingReport report = training.report();
            if (processes_.leads()) run.files->write(report, training);
        }
        if (processes_.leads() && due(training.settings().validate_every, training.validations())) {
            validate(run);
        }
    }

    void validate(const TrainerRun& run) {
        Training& training = *run.training;
        const Validation validation = training.validate();
        run.files->write(validation, training);
        const TaskSpec& spec = training.task().spec();
        if (training.is_best()) {
            run.files->replace(run.files->model(), [&](bool force) {
                training.save_model(
                    run.files->model(),
                    fmt::format("elmsim, task {}, update {} of {}", spec.name,
                                training.update_count(), training.settings().updates),
                    force);
            });
        }
        std::string scores;
        for (std::size_t k = 0; k < spec.metrics.size(); ++k) {
            scores += fmt::format(", {} {:.{}f}", spec.metrics[k].label, validation.scores[k],
                                  spec.metrics[k].digits);
        }
        log::debug("{}: update {}{}", run.name, validation.update, scores);
    }

    void checkpoint() {
        if (!processes_.leads()) return;
        for (const TrainerRun& run : runs_) {
            run.training->write_checkpoint(run.files->checkpoint(), run.config);
        }
        last_checkpoint_ = seconds();
    }

    /// Which validation a score is of: the best by the first metric, and not of its own kind.
    static std::string at_best(const TaskSpec& spec) {
        if (spec.headline == 0) return " at best";
        const Metric& first = spec.metrics.front();
        return fmt::format(" at the {} {}", first.higher_is_better ? "highest" : "lowest",
                           first.label);
    }

    void show() {
        const Training& first = *runs_.front().training;
        const TaskSpec& spec = first.task().spec();
        std::string note;
        if (!first.reports().empty()) {
            note = fmt::format("loss {:.4f}", first.reports().back().loss.mean(spec));
        }
        if (const Validation* best = first.best(); best != nullptr) {
            const Metric& headline = spec.metrics[spec.headline];
            note += fmt::format(", {} {:.4f}{}", headline.label, best->scores[spec.headline],
                                at_best(spec));
        }
        progress_.set_total(updates_planned());
        progress_.update(updates_done(), note);
    }

    std::span<const TrainerRun> runs_;
    TrainerSettings settings_;
    Communicator& processes_;
    const std::function<void()>& poll_;
    Progress progress_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double last_checkpoint_ = 0;
    std::mutex polling_;
    double next_poll_ = 0;  // seconds(); of polling_
    std::vector<TrainerWork> work_;
};

}  // namespace

void train(std::span<const TrainerRun> runs, const TrainerSettings& settings,
           Communicator& processes, const std::function<void()>& poll) {
    Trainer(runs, settings, processes, poll).run();
}

}  // namespace elm
