#include "tasks/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <numeric>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel.h"
#include "kernels/core/progress.h"

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
        try {
            while (true) {
                const std::vector<const FitRun*> chosen = least_advanced();
                if (chosen.empty()) break;
                advance(chosen);
                for (const FitRun* run : chosen) after_slice(*run);
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
        run.files->open_metrics(run.fit->update_count());
        if (run.fit->update_count() > 0) return;
        validate(run);  // where it starts from
        run.fit->write_checkpoint(run.files->checkpoint(), run.config);
    }

    std::vector<const FitRun*> least_advanced() const {
        std::vector<const FitRun*> open;
        for (const FitRun& run : runs_) {
            if (!run.fit->done()) open.push_back(&run);
        }
        std::stable_sort(open.begin(), open.end(), [](const FitRun* a, const FitRun* b) {
            return a->fit->fraction_done() < b->fit->fraction_done();
        });
        // Sums over processes must come in one order: with several, one fit at a time.
        const std::size_t at_once =
            processes_.size() > 1 ? 1 : static_cast<std::size_t>(thread_count());
        open.resize(std::min(open.size(), at_once));
        return open;
    }

    std::int64_t next_report(const Fit& fit) const {
        return (fit.update_count() / settings_.report_every + 1) * settings_.report_every;
    }

    /// An exception of one fit ends the others' slice, too, but only after it.
    void advance(const std::vector<const FitRun*>& chosen) {
        std::vector<std::exception_ptr> failures(chosen.size());
        Cpu::for_each_task(static_cast<std::int64_t>(chosen.size()), [&](std::int64_t k) {
            const auto at = static_cast<std::size_t>(k);
            Fit& fit = *chosen[at]->fit;
            try {
                const auto stop = seconds() + slice_seconds;
                fit.advance(next_report(fit), stop - seconds());
            } catch (...) {
                failures[at] = std::current_exception();
            }
        });
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            if (failures[k] == nullptr) continue;
            with_context("fitting " + chosen[k]->name,
                         [&] { std::rethrow_exception(failures[k]); });
        }
    }

    void after_slice(const FitRun& run) {
        Fit& fit = *run.fit;
        const std::int64_t now = fit.update_count();
        if (now % settings_.report_every == 0 || fit.done()) {
            const FitReport report = fit.report();
            if (processes_.leads()) run.files->write(report, fit.settings(), seconds());
        }
        if (!processes_.leads()) return;
        if (now % settings_.validate_every == 0 || fit.done()) {
            validate(run);
        }
    }

    void validate(const FitRun& run) {
        Fit& fit = *run.fit;
        const FitScores scores = fit.validate(validation_);
        run.files->write(scores, fit.settings(), seconds());
        if (fit.is_best()) {
            fit.save_model(run.files->model(),
                           fmt::format("elmsim fit, update {} of {}", fit.update_count(),
                                       fit.settings().updates));
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
