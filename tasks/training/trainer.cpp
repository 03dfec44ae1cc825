#include "tasks/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel.h"
#include "kernels/core/progress.h"
#include "tasks/training/fit_group.h"

namespace elm {
namespace {

constexpr double slice_seconds = 0.25;  // between looks at signals

class Trainer {
public:
    Trainer(std::span<const FitRun> runs, std::span<const NeuronIoSimulation> validation,
            const TrainerSettings& settings, Communicator& processes,
            const std::function<void()>& poll)
        : runs_(runs),
          validation_(validation),
          settings_(settings),
          processes_(processes),
          poll_(poll),
          total_(sum([](const FitRun& run) { return run.fit->settings().updates; })),
          progress_("fit", total_, "updates") {}

    void run() {
        for (const FitRun& run : runs_) begin(run);
        share_work();
        try {
            while (true) {
                const std::vector<Work*> chosen = least_advanced();
                if (chosen.empty()) break;
                advance(chosen);
                for (const Work* work : chosen) {
                    for (const FitRun* run : work->runs) after_slice(*run);
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
            [&](std::int64_t total, const FitRun& run) { return total + value(run); });
    }

    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
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

    void begin(const FitRun& run) {
        if (!processes_.leads()) return;
        const bool is_new = run.fit->validations().empty();
        // First of all: what cannot be kept does not begin, and leaves nothing.
        if (is_new) run.fit->write_checkpoint(run.files->checkpoint(), run.config);
        run.files->open_metrics(is_new ? -1 : run.fit->update_count());
        if (!is_new) return;
        validate(run);  // where it starts from
        run.fit->write_checkpoint(run.files->checkpoint(), run.config);
    }

    /// What one thread does at a time: a fit, or a group of fits in step.
    struct Work {
        std::vector<const FitRun*> runs;
        std::optional<FitGroup> group;

        double fraction_done() const {
            double least = 1;
            for (const FitRun* run : runs) least = std::min(least, run->fit->fraction_done());
            return least;
        }
    };

    void share_work() {
        std::vector<Fit*> fits;
        for (const FitRun& run : runs_) fits.push_back(run.fit);
        const std::vector<Fit*> grouped = FitGroup::choose(fits);
        Work together;
        for (const FitRun& run : runs_) {
            if (std::find(grouped.begin(), grouped.end(), run.fit) != grouped.end()) {
                together.runs.push_back(&run);
            } else {
                work_.push_back({{&run}, std::nullopt});
            }
        }
        if (grouped.empty()) return;
        log::debug("{} small fits share vectors", grouped.size());
        together.group.emplace(grouped);
        work_.push_back(std::move(together));
    }

    std::vector<Work*> least_advanced() {
        std::vector<Work*> open;
        for (Work& work : work_) {
            if (work.fraction_done() < 1) open.push_back(&work);
        }
        std::stable_sort(open.begin(), open.end(), [](const Work* a, const Work* b) {
            return a->fraction_done() < b->fraction_done();
        });
        // Sums over processes must come in one order: with several, one fit at a time.
        const std::size_t at_once =
            processes_.size() > 1 ? 1 : static_cast<std::size_t>(thread_count());
        open.resize(std::min(open.size(), at_once));
        return open;
    }

    void advance(Work& work) {
        if (work.group) {
            work.group->advance(settings_.report_every, slice_seconds);
        } else {
            Fit& fit = *work.runs.front()->fit;
            const std::int64_t reports = fit.update_count() / settings_.report_every;
            fit.advance((reports + 1) * settings_.report_every, slice_seconds);
        }
    }

    /// An exception of one ends the others' slice, too, but only after it.
    void advance(const std::vector<Work*>& chosen) {
        std::vector<std::exception_ptr> failures(chosen.size());
        Cpu::for_each_task(std::ssize(chosen), [&](std::int64_t k) {
            const auto at = static_cast<std::size_t>(k);
            try {
                advance(*chosen[at]);
            } catch (...) {
                failures[at] = std::current_exception();
            }
        });
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            if (failures[k] == nullptr) continue;
            with_context("fitting " + chosen[k]->runs.front()->name,
                         [&] { std::rethrow_exception(failures[k]); });
        }
    }

    void after_slice(const FitRun& run) {
        Fit& fit = *run.fit;
        const std::int64_t now = fit.update_count();
        const auto due = [&](std::int64_t interval, const auto& done) {
            return (now % interval == 0 || fit.done()) &&
                   (done.empty() || done.back().update != now);
        };
        if (due(settings_.report_every, fit.reports())) {
            const FitReport report = fit.report();
            if (processes_.leads()) run.files->write(report, fit.settings(), seconds());
        }
        if (processes_.leads() && due(settings_.validate_every, fit.validations())) validate(run);
    }

    void validate(const FitRun& run) {
        Fit& fit = *run.fit;
        const FitScores scores = fit.validate(validation_);
        run.files->write(scores, fit.settings(), seconds());
        if (fit.is_best()) {
            run.files->replace(run.files->model(), [&](bool force) {
                fit.save_model(run.files->model(),
                               fmt::format("elmsim fit, update {} of {}", fit.update_count(),
                                           fit.settings().updates),
                               force);
            });
        }
        log::debug("{}: update {}, AUC {:.5f}, explained variance {:.2f} %", run.name,
                   scores.update, scores.auc, scores.explained_variance_percent);
    }

    void checkpoint() {
        if (!processes_.leads()) return;
        for (const FitRun& run : runs_) {
            run.fit->write_checkpoint(run.files->checkpoint(), run.config);
        }
        last_checkpoint_ = seconds();
    }

    void show() {
        const std::int64_t done = sum([](const FitRun& run) { return run.fit->update_count(); });
        const Fit& first = *runs_.front().fit;
        std::string note;
        if (!first.reports().empty()) {
            note = fmt::format("loss {:.4f}", first.reports().back().loss.mean());
        }
        if (const FitScores* best = first.best(); best != nullptr) {
            note += fmt::format(", best AUC {:.4f}", best->auc);
        }
        progress_.update(done, note);
    }

    std::span<const FitRun> runs_;
    std::span<const NeuronIoSimulation> validation_;
    TrainerSettings settings_;
    Communicator& processes_;
    const std::function<void()>& poll_;
    std::int64_t total_;
    Progress progress_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double last_checkpoint_ = 0;
    std::vector<Work> work_;
};

}  // namespace

void train(std::span<const FitRun> runs, std::span<const NeuronIoSimulation> validation,
           const TrainerSettings& settings, Communicator& processes,
           const std::function<void()>& poll) {
    ELM_CHECK(settings.report_every > 0 && settings.validate_every > 0 &&
                  settings.validate_every % settings.report_every == 0,
              "validations come every {} updates, reports every {}: expected a multiple",
              settings.validate_every, settings.report_every);
    Trainer(runs, validation, settings, processes, poll).run();
}

}  // namespace elm
