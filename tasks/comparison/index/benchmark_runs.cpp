#include "tasks/comparison/index/benchmark_runs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <sstream>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/comparison/index/benchmark_grid.h"
#include "tasks/data/spikes/spike_columns.h"

namespace elm {
namespace {

constexpr const char* run_header =
    "pattern,task,role,mixer,data,tier,seed,params,extra_params_pct,train_flops,metric,value";
constexpr const char* cost_header =
    "mixer,device,dtype,width,batch,mode,length,repeat,ms,peak_bytes";
constexpr const char *forward_mode = "fwd", *training_mode = "fwdbwd";
constexpr std::string_view missing = "-";

/// Shortest text that reads back as the same number; a missing one is no 0.
std::string text_of(double value) {
    return std::isnan(value) ? std::string(missing) : fmt::format("{}", value);
}

/// The cells of each line behind the header. None of ours holds a comma.
class CsvLines {
public:
    CsvLines(const std::string& text, const char* header, const std::string& origin)
        : origin_(origin), lines_({origin, [text]() -> std::unique_ptr<std::istream> {
                                       return std::make_unique<std::istringstream>(text);
                                   }}) {
        if (!lines_.next() || lines_.text() != header) {
            fail(fmt::format("expected the header {}", header));
        }
        split_fields(lines_.text(), ',', cells_);
        width_ = cells_.size();
    }
    bool next() {
        if (!lines_.next()) return false;
        split_fields(lines_.text(), ',', cells_);
        if (cells_.size() != width_) fail(fmt::format("expected {} cells", width_));
        return true;
    }
    std::string text(std::size_t column) const { return std::string(cells_[column].text); }
    template <class Number>
    Number number(std::size_t column) const {
        const std::string_view cell = cells_[column].text;
        if constexpr (std::is_floating_point_v<Number>) {
            if (cell == missing) return std::numeric_limits<Number>::quiet_NaN();
        }
        Number value{};
        const char* const end = cell.data() + cell.size();
        const auto read = std::from_chars(cell.data(), end, value);
        if (read.ec != std::errc{} || read.ptr != end) {
            fail(fmt::format("'{}' is no number", cell));
        }
        return value;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorKind::data, fmt::format("{}:{}: {}.", origin_, lines_.number(), what));
    }

    std::string origin_;
    TableLines lines_;
    std::vector<TextField> cells_;
    std::size_t width_ = 0;
};

/// The entry that `is_own` is true of; a new one where there is none.
template <class Entry, class IsOwn>
Entry& entry_of(std::vector<Entry>& all, const IsOwn& is_own, Entry fresh) {
    const auto found = std::find_if(all.begin(), all.end(), is_own);
    if (found != all.end()) return *found;
    all.push_back(std::move(fresh));
    return all.back();
}

SpeedPoint& point_of(std::vector<MeasuredCosts>& all, const CostPlace& place,
                     const std::string& model, std::int64_t length) {
    MeasuredCosts& costs = entry_of(
        all, [&](const MeasuredCosts& one) { return one.place == place; },
        MeasuredCosts{.place = place});
    SpeedCurve& curve = entry_of(
        costs.curves, [&](const SpeedCurve& one) { return one.model == model; },
        SpeedCurve{.model = model});
    return entry_of(
        curve.points, [&](const SpeedPoint& one) { return one.length == length; },
        SpeedPoint{.length = length});
}

/// What tells a run from others; metrics are rows of the same one.
auto key_of(const BenchmarkRun& run) {
    return std::tie(run.pattern, run.task, run.mixer, run.data, run.tier, run.seed);
}

template <class Takes>
std::map<std::string, MetricValues> means(const std::vector<BenchmarkRun>& runs,
                                          const std::string& pattern, const Takes& takes) {
    std::map<std::string, std::map<std::pair<std::string, std::string>, std::pair<double, double>>>
        sums;
    for (const BenchmarkRun& run : runs) {
        if (run.pattern != pattern || run.is_rule() || !takes(run)) continue;
        auto& [sum, count] = sums[run.mixer][{run.task, run.metric}];
        sum += run.value;
        ++count;
    }
    std::map<std::string, MetricValues> values;
    for (const auto& [mixer, all] : sums) {
        for (const auto& [key, sum] : all) values[mixer][key] = sum.first / sum.second;
    }
    return values;
}

}  // namespace

std::string runs_to_csv(const std::vector<BenchmarkRun>& runs) {
    std::string text = std::string(run_header) + "\n";
    for (const BenchmarkRun& run : runs) {
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", run.pattern, run.task,
                            run.role, run.mixer, run.data, run.tier, run.seed, run.params,
                            text_of(run.extra_params_pct), text_of(run.train_flops), run.metric,
                            text_of(run.value));
    }
    return text;
}

std::vector<BenchmarkRun> runs_from_csv(const std::string& text, const std::string& origin) {
    std::vector<BenchmarkRun> runs;
    for (CsvLines lines(text, run_header, origin); lines.next();) {
        runs.push_back({.pattern = lines.text(0),
                        .task = lines.text(1),
                        .role = lines.text(2),
                        .mixer = lines.text(3),
                        .data = lines.text(4),
                        .tier = lines.text(5),
                        .seed = lines.number<std::uint64_t>(6),
                        .params = lines.number<std::int64_t>(7),
                        .extra_params_pct = lines.number<double>(8),
                        .train_flops = lines.number<double>(9),
                        .metric = lines.text(10),
                        .value = lines.number<double>(11)});
    }
    return runs;
}

std::vector<BenchmarkRun> joined_runs(std::vector<BenchmarkRun> before,
                                      const std::vector<BenchmarkRun>& again) {
    std::erase_if(before, [&](const BenchmarkRun& old) {
        return std::any_of(again.begin(), again.end(), [&](const BenchmarkRun& run) {
            return old.is_rule() == run.is_rule() && key_of(old) == key_of(run);
        });
    });
    before.insert(before.end(), again.begin(), again.end());
    return before;
}

void set_extra_parameters(std::vector<BenchmarkRun>& runs) {
    std::map<std::pair<std::string, std::string>, double> of_vanilla;
    for (const BenchmarkRun& run : runs) {
        if (run.mixer == vanilla_mixer && !run.is_rule()) {
            of_vanilla[{run.pattern, run.task}] = static_cast<double>(run.params);
        }
    }
    for (BenchmarkRun& run : runs) {
        const auto vanilla = of_vanilla.find({run.pattern, run.task});
        run.extra_params_pct = run.is_rule() || vanilla == of_vanilla.end()
                                   ? std::numeric_limits<double>::quiet_NaN()
                                   : 100 * (static_cast<double>(run.params) / vanilla->second - 1);
    }
}

std::string costs_to_csv(const MeasuredCosts& costs) {
    std::string text = std::string(cost_header) + "\n";
    const auto add = [&](const SpeedCurve& curve, const SpeedPoint& point, const char* mode,
                         const std::vector<double>& seconds, double bytes) {
        const CostPlace& place = costs.place;
        for (std::size_t k = 0; k < seconds.size(); ++k) {
            text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", curve.model, place.device,
                                place.dtype, place.width, place.batch, mode, point.length, k,
                                1000 * seconds[k], bytes);
        }
    };
    for (const SpeedCurve& curve : costs.curves) {
        for (const SpeedPoint& point : curve.points) {
            add(curve, point, forward_mode, point.forward_seconds, point.forward_bytes);
            add(curve, point, training_mode, point.training_seconds, point.training_bytes);
        }
    }
    return text;
}

std::vector<MeasuredCosts> costs_from_csv(const std::string& text, const std::string& origin) {
    std::vector<MeasuredCosts> all;
    for (CsvLines lines(text, cost_header, origin); lines.next();) {
        const CostPlace place{.device = lines.text(1),
                              .dtype = lines.text(2),
                              .width = lines.number<std::int64_t>(3),
                              .batch = lines.number<std::int64_t>(4)};
        SpeedPoint& point = point_of(all, place, lines.text(0), lines.number<std::int64_t>(6));
        const bool trains = lines.text(5) == training_mode;
        (trains ? point.training_seconds : point.forward_seconds)
            .push_back(lines.number<double>(8) / 1000);
        (trains ? point.training_bytes : point.forward_bytes) = lines.number<double>(9);
    }
    for (MeasuredCosts& costs : all) {
        for (SpeedCurve& curve : costs.curves) {
            std::sort(curve.points.begin(), curve.points.end(),
                      [](const SpeedPoint& a, const SpeedPoint& b) { return a.length < b.length; });
        }
    }
    return all;
}

std::map<std::string, MetricValues> mean_values(const std::vector<BenchmarkRun>& runs,
                                                const std::string& pattern) {
    return means(runs, pattern, [](const BenchmarkRun&) { return true; });
}

std::map<std::string, MetricValues> values_of_seed(const std::vector<BenchmarkRun>& runs,
                                                   const std::string& pattern, std::uint64_t seed) {
    return means(runs, pattern, [seed](const BenchmarkRun& run) { return run.seed == seed; });
}

std::vector<std::uint64_t> seeds_of(const std::vector<BenchmarkRun>& runs) {
    std::vector<std::uint64_t> seeds;
    for (const BenchmarkRun& run : runs) {
        if (!run.is_rule()) seeds.push_back(run.seed);
    }
    std::sort(seeds.begin(), seeds.end());
    seeds.erase(std::unique(seeds.begin(), seeds.end()), seeds.end());
    return seeds;
}

std::vector<std::string> mixers_of(const std::vector<BenchmarkRun>& runs,
                                   const std::string& pattern) {
    std::vector<std::string> names;
    for (const BenchmarkRun& run : runs) {
        if (run.pattern != pattern || run.is_rule()) continue;
        if (std::find(names.begin(), names.end(), run.mixer) == names.end()) {
            names.push_back(run.mixer);
        }
    }
    return names;
}

bool is_control(const std::vector<BenchmarkRun>& runs, const std::string& mixer) {
    return std::any_of(runs.begin(), runs.end(), [&](const BenchmarkRun& run) {
        return run.mixer == mixer && run.is_control();
    });
}

}  // namespace elm
