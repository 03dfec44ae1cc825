#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "tasks/metrics.h"

/// Intervals of scores over seeds, and tests of differences between models on the same samples.
namespace elm {

/// A mean over seeds with its 95 % interval.
struct SeedEstimate {
    double mean = 0;
    double deviation = 0;  // of the seeds, divided by n - 1; NaN of one
    Interval interval{};   // of the mean by Student's t; NaN of one seed
    std::int64_t count = 0;
};

/// Throws Error{invalid} for no values.
SeedEstimate estimate_over_seeds(std::span<const double> scores);

/// A score as a ratio of sums over samples, such as right answers over questions.
struct SampleFigures {
    std::vector<double> sums, counts;  // by sample

    double score() const;
    /// Where sample i counts weights[i] times. NaN where nothing counts.
    double score(std::span<const double> weights) const;
};

/// Scores of runs under resampling of their samples.
struct ResampledScores {
    std::vector<double> scores;               // of all samples, by run
    std::vector<std::vector<double>> rounds;  // (rounds, runs): the same samples for all runs
};

/// Draws as many samples as there are, with replacement, `n_rounds` times. All runs have the same
/// samples: the resampled scores are paired. Throws Error{invalid} for runs of different samples.
ResampledScores resample(std::span<const SampleFigures> runs, std::int64_t n_rounds,
                         const RandomKey& key);

/// A difference between two models and how far it is to be trusted.
struct PairedDifference {
    double value = 0;
    double deviation = 0;  // of the value: its standard error
    Interval interval{};   // 95 %
    double p = 1;          // of no difference, two-sided
};

/// The mean over seeds of first - second, where run k of both has the same seed and sees the same
/// data, by a paired bootstrap over samples and seeds: each round draws samples, then seeds. The
/// spread of n drawn seeds is too small by sqrt((n - 1)/n), which is put right (Davison & Hinkley
/// 1997, doi:10.1017/CBO9780511802843, section 2.7), and the interval is Student's with degrees of
/// freedom after Satterthwaite 1946, doi:10.2307/3002019: n - 1 for seeds, samples - 1 for samples.
/// One seed alone: the spread of the samples. No rounds (samples that are not known one by one):
/// the spread of the seeds; of one seed NaN.
PairedDifference paired_difference(const ResampledScores& all, std::span<const std::size_t> first,
                                   std::span<const std::size_t> second, std::int64_t n_samples,
                                   const RandomKey& key);

/// p values so adjusted that of a family of true hypotheses one is refused at 5 % in at most 5 % of
/// all cases. NaN stays, and is none of the family. Source: Holm 1979, doi:10.2307/4615733.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace elm
