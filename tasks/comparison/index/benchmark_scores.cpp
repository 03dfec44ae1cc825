#include "tasks/comparison/index/benchmark_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tasks/comparison/index/benchmark_grid.h"
#include "tasks/comparison/statistics/agreement.h"
#include "tasks/comparison/statistics/intervals.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t fewest_for_correlation = 4, rounds = 1000;

const std::vector<std::string>& patterns() {
    static const std::vector<std::string> all{self_noncausal, self_causal, cross_noncausal,
                                              cross_causal};
    return all;
}

double deviation_of(const std::vector<double>& values) {
    return values.size() < 2 ? none : estimate_over_seeds(values).deviation;
}

/// Indices of the mixers that two patterns both have; controls are none of them.
struct Shared {
    std::vector<double> first, second;
};

double index_over(const MixerScore& score, const std::vector<std::int64_t>& seeds) {
    double sum = 0;
    for (const std::int64_t at : seeds) sum += score.seeds[static_cast<std::size_t>(at)].index;
    return sum / static_cast<double>(seeds.size());
}

template <class Index>
Shared shared(const std::vector<MixerScore>& first, const std::vector<MixerScore>& second,
              const Index& index) {
    Shared both;
    for (const MixerScore& a : first) {
        for (const MixerScore& b : second) {
            if (a.mixer != b.mixer || a.is_control) continue;
            if (!std::isfinite(a.mean.index) || !std::isfinite(b.mean.index)) continue;
            both.first.push_back(index(a));
            both.second.push_back(index(b));
        }
    }
    return both;
}

Interval resampled_pearson(const std::vector<MixerScore>& first,
                           const std::vector<MixerScore>& second, std::int64_t n_seeds,
                           std::uint64_t seed) {
    if (n_seeds < 2) return {none, none};
    const RandomKey key = RandomKey{seed}.for_purpose("consistency");
    std::vector<double> all;
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto drawn = draw_with_replacement(key, round, n_seeds, n_seeds);
        const Shared both = shared(
            first, second, [&](const MixerScore& score) { return index_over(score, drawn); });
        const double r = pearson(both.first, both.second);
        if (std::isfinite(r)) all.push_back(r);
    }
    return {percentile(all, 0.025), percentile(all, 0.975)};
}

}  // namespace

double MixerScore::deviation(const std::string& task) const {
    std::vector<double> values;
    for (const IndexScore& seed : seeds) values.push_back(seed.tasks.at(task));
    return deviation_of(values);
}

double MixerScore::index_deviation() const {
    std::vector<double> values;
    for (const IndexScore& seed : seeds) values.push_back(seed.index);
    return deviation_of(values);
}

std::string MixerScore::shown_name() const { return is_control ? mixer + " (control)" : mixer; }

std::vector<MixerScore> scores_of(const std::vector<BenchmarkRun>& runs,
                                  const IndexConstants& constants) {
    const std::string pattern = constants.pattern.substr(0, 2);
    const auto means = mean_values(runs, pattern);
    std::vector<MixerScore> scores;
    double vanilla = none;
    for (const std::string& mixer : mixers_of(runs, pattern)) {
        MixerScore score{.mixer = mixer,
                         .is_control = is_control(runs, mixer),
                         .mean = score_of(constants, means.at(mixer)),
                         .seeds = {}};
        for (const std::uint64_t seed : seeds_of(runs)) {
            const auto of_seed = values_of_seed(runs, pattern, seed);
            const auto found = of_seed.find(mixer);
            score.seeds.push_back(
                score_of(constants, found == of_seed.end() ? MetricValues{} : found->second));
        }
        if (mixer == vanilla_mixer) vanilla = score.mean.index;
        scores.push_back(std::move(score));
    }
    for (MixerScore& score : scores) score.delta = score.mean.index - vanilla;
    return scores;
}

std::string constants_name(const std::string& pattern, bool of_logarithms) {
    return of_logarithms ? pattern + " (log)" : pattern;
}

std::vector<IndexConstants> freeze_constants(const std::vector<BenchmarkRun>& runs) {
    std::vector<IndexConstants> all;
    for (const std::string& pattern : patterns()) {
        std::map<std::string, MetricValues> population = mean_values(runs, pattern);
        std::erase_if(population, [&](const auto& mixer) { return is_control(runs, mixer.first); });
        if (population.empty()) continue;
        for (const bool of_logarithms : {false, true}) {
            all.push_back(constants_of(constants_name(pattern, of_logarithms),
                                       index_metrics(pattern, of_logarithms), population));
        }
    }
    return all;
}

const IndexConstants* find_constants(const std::vector<IndexConstants>& all,
                                     const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const IndexConstants& one) { return one.pattern == name; });
    return found == all.end() ? nullptr : &*found;
}

std::vector<MixerScore> ranked_scores(const std::vector<BenchmarkRun>& runs,
                                      const std::vector<IndexConstants>& all,
                                      const std::string& pattern) {
    const IndexConstants* const constants = find_constants(all, pattern);
    if (constants == nullptr) return {};
    std::vector<MixerScore> scores = scores_of(runs, *constants);
    const auto key = [](const MixerScore& score) {
        return std::pair(score.is_control,
                         std::isfinite(score.mean.index) ? -score.mean.index : 1e300);
    };
    std::stable_sort(scores.begin(), scores.end(),
                     [&](const MixerScore& a, const MixerScore& b) { return key(a) < key(b); });
    return scores;
}

std::int64_t population_of(const std::vector<IndexConstants>& all, const std::string& pattern) {
    const IndexConstants* const constants = find_constants(all, pattern);
    return constants == nullptr ? 0 : std::ssize(constants->population);
}

std::vector<PatternAgreement> consistency(const std::vector<BenchmarkRun>& runs,
                                          const std::vector<IndexConstants>& constants,
                                          std::uint64_t seed) {
    std::vector<PatternAgreement> all;
    for (std::size_t i = 0; i < patterns().size(); ++i) {
        for (std::size_t j = i + 1; j < patterns().size(); ++j) {
            PatternAgreement pair{.first = patterns()[i],
                                  .second = patterns()[j],
                                  .pearson = none,
                                  .spearman = none,
                                  .pearson_interval = {none, none}};
            const IndexConstants* const a = find_constants(constants, pair.first);
            const IndexConstants* const b = find_constants(constants, pair.second);
            if (a != nullptr && b != nullptr) {
                const auto first = scores_of(runs, *a), second = scores_of(runs, *b);
                const Shared both =
                    shared(first, second, [](const MixerScore& score) { return score.mean.index; });
                pair.mixers = std::ssize(both.first);
                if (pair.mixers >= fewest_for_correlation) {
                    pair.pearson = pearson(both.first, both.second);
                    pair.spearman = spearman(both.first, both.second);
                    pair.pearson_interval =
                        resampled_pearson(first, second, std::ssize(seeds_of(runs)), seed);
                }
            }
            all.push_back(std::move(pair));
        }
    }
    return all;
}

std::vector<MetricNoise> noise_of(const std::vector<BenchmarkRun>& runs,
                                  const std::vector<IndexConstants>& constants) {
    std::vector<MetricNoise> all;
    for (const std::string& pattern : patterns()) {
        const IndexConstants* const own = find_constants(constants, pattern);
        if (own == nullptr) continue;
        for (const IndexConstant& constant : own->metrics) {
            std::vector<double> values;
            for (const BenchmarkRun& run : runs) {
                if (run.pattern == pattern && run.mixer == vanilla_mixer && !run.is_rule() &&
                    run.task == constant.metric.task && run.metric == constant.metric.metric) {
                    values.push_back(run.value);
                }
            }
            if (values.empty()) continue;
            const SeedEstimate estimate = estimate_over_seeds(values);
            MetricNoise noise{.pattern = pattern,
                              .task = constant.metric.task,
                              .metric = constant.metric.metric,
                              .value = estimate.mean,
                              .deviation = estimate.deviation,
                              .least_difference = std::sqrt(2.0) * estimate.deviation};
            noise.in_index_units = noise.least_difference / constant.deviation;
            all.push_back(std::move(noise));
        }
    }
    return all;
}

}  // namespace elm
