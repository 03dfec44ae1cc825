#include "tasks/data/spikes/poisson_source.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

TEST(PoissonInput, does_not_depend_on_how_steps_are_cut) {
    const auto whole = poisson_input(20, 130, 500, 1.0, 3).source->next(500);
    const auto input = poisson_input(20, 130, 500, 1.0, 3);
    std::int64_t step = 0;
    for (const std::int64_t count : {1, 7, 300, 192}) {
        const SpikeTrain part = input.source->next(count);
        part.check();
        for (std::int64_t k = 0; k < count; ++k, ++step) {
            const auto found = part.row(0, k), wanted = whole.row(0, step);
            EXPECT_TRUE(std::equal(found.begin(), found.end(), wanted.begin(), wanted.end()));
        }
    }
}

TEST(PoissonInput, has_the_mean_and_variance_of_poisson_counts) {
    constexpr std::int64_t n_steps = 100000, n_units = 50;
    for (const double rate_hz : {1.0, 40.0, 5000.0}) {
        const auto train = poisson_input(rate_hz, n_units, n_steps, 1.0, 11).source->next(n_steps);
        const double expected = rate_hz / 1000 * n_units;
        double sum = 0, squares = 0;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            const auto count = static_cast<double>(train.row(0, step).size());
            sum += count;
            squares += (count - expected) * (count - expected);
        }
        const double error = 4 * std::sqrt(expected / n_steps);  // four standard errors
        EXPECT_NEAR(sum / n_steps, expected, error) << rate_hz << " Hz";
        const double variance_error = 4 * std::sqrt((2 * expected * expected + expected) / n_steps);
        EXPECT_NEAR(squares / n_steps, expected, variance_error) << rate_hz << " Hz";
    }
}

TEST(PoissonInput, treats_all_units_alike) {
    constexpr std::int64_t n_steps = 200000, n_units = 20;
    const auto train = poisson_input(10, n_units, n_steps, 1.0, 5).source->next(n_steps);
    std::vector<double> counts(n_units, 0);
    for (const std::int32_t unit : train.units) ++counts[static_cast<std::size_t>(unit)];
    const double expected = 0.01 * n_steps;
    double chi_square = 0;
    for (const double count : counts) {
        chi_square += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi_square, 45.3);  // 20 degrees of freedom, p = 0.001
}

TEST(PoissonInput, differs_between_seeds) {
    const auto a = poisson_input(20, 100, 100, 1.0, 1).source->next(100);
    const auto b = poisson_input(20, 100, 100, 1.0, 2).source->next(100);
    EXPECT_NE(a.units, b.units);
}

TEST(PoissonInput, trials_of_a_seed_share_no_more_spikes_than_chance) {
    constexpr std::int64_t n_steps = 100000, n_units = 50;
    const auto dense = [&](std::uint32_t trial) {
        const auto train = poisson_input(20, n_units, n_steps, 1.0, 1, trial).source->next(n_steps);
        std::vector<double> counts;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            counts.push_back(static_cast<double>(train.row(0, step).size()) - 1.0);  // mean 1
        }
        return counts;
    };
    const auto first = dense(0), second = dense(1);
    double products = 0;
    for (std::size_t step = 0; step < first.size(); ++step) products += first[step] * second[step];
    // Counts of mean and variance 1: the sum of products has the variance n_steps.
    EXPECT_LT(std::abs(products), 4 * std::sqrt(static_cast<double>(n_steps)));
    EXPECT_EQ(dense(0), first);
}

TEST(PoissonInput, refuses_impossible_rates) {
    EXPECT_THROW(poisson_input(-1, 10, 10, 1.0, 0), Error);
    EXPECT_THROW(poisson_input(1e300, 10, 10, 1.0, 0), Error);
}

}  // namespace
}  // namespace elm
