#include "tasks/comparison/search.h"

#include <cmath>

#include <gtest/gtest.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

OptionSet searchable_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{8},
                     .help = "units",
                     .search = {.low = 4, .high = 64, .logarithmic = true}});
    options.declare(
        {.name = "share", .value = 0.5, .help = "share", .search = {.low = 0, .high = 1}});
    options.declare({.name = "fixed", .value = 1.0, .help = "not searched"});
    return options;
}

void add_searchable_models() {
    static const bool added = [] {
        ModelEntry entry{.name = "searchable_model",
                         .summary = "",
                         .source = "",
                         .options = searchable_options,
                         .make = nullptr};
        entry.training_search = {{"learning_rate", {.low = 0.1, .high = 0.2}}};
        add_model(entry);
        entry.name = "misled_model";
        entry.training_search = {{"leaning_rate", {.low = 0.1, .high = 0.2}}};
        add_model(entry);
        return true;
    }();
    ASSERT_TRUE(added);
}

TEST(Search, draws_from_the_ranges_of_the_recipe_and_of_the_model) {
    add_searchable_models();
    const auto plain = searched_options("lstm", training_options());
    ASSERT_EQ(plain.size(), 1u);
    EXPECT_EQ(plain.front().name, "learning_rate");
    // State spaces were published with rates of their own, within the usual ones.
    const auto of_modes = searched_options("s4d", training_options());
    ASSERT_EQ(of_modes.size(), 1u);
    EXPECT_GT(of_modes.front().range.low, plain.front().range.low);
    EXPECT_LT(of_modes.front().range.high, plain.front().range.high);
    const auto searched = searched_options("searchable_model", training_options());
    ASSERT_EQ(searched.size(), 3u);
    double logs = 0, shares = 0;
    constexpr std::int64_t n = 400;
    for (std::int64_t k = 0; k < n; ++k) {
        const Config drawn = candidate("searchable_model", searched, k, RandomKey{7});
        const double rate = std::get<double>(drawn.sections.at("training").at("learning_rate"));
        const Values& own = drawn.sections.at("searchable_model");
        const auto units = std::get<std::int64_t>(own.at("units"));
        const double share = std::get<double>(own.at("share"));
        ASSERT_TRUE(rate >= 0.1 && rate <= 0.2) << rate;
        ASSERT_TRUE(units >= 4 && units <= 64) << units;
        ASSERT_TRUE(share >= 0 && share <= 1) << share;
        EXPECT_FALSE(own.contains("fixed"));
        logs += std::log2(static_cast<double>(units)) / n;
        shares += share / n;
    }
    // Means of uniform numbers over widths of 4 and 1: 5 errors of 1/sqrt(12 n).
    const double error = 5 / std::sqrt(12.0 * n);
    EXPECT_NEAR(logs, 4, 4 * error + 0.02);  // whole numbers of units are rounded
    EXPECT_NEAR(shares, 0.5, error);
}

TEST(Search, is_the_same_again_and_another_for_each_trial_and_model) {
    const auto searched = searched_options("lstm", training_options());
    const auto rate = [&](const std::string& model, std::int64_t k, std::uint64_t seed) {
        const Config drawn = candidate(model, searched, k, RandomKey{seed});
        return std::get<double>(drawn.sections.at("training").at("learning_rate"));
    };
    EXPECT_EQ(rate("lstm", 1, 0), rate("lstm", 1, 0));
    EXPECT_NE(rate("lstm", 1, 0), rate("lstm", 2, 0));
    EXPECT_NE(rate("lstm", 1, 0), rate("tcn", 1, 0));
    EXPECT_NE(rate("lstm", 1, 0), rate("lstm", 1, 1));
}

TEST(Search, refuses_a_range_of_what_is_no_option) {
    add_searchable_models();
    EXPECT_THROW(searched_options("misled_model", training_options()), Error);
    EXPECT_THROW(searched_options("no_model", training_options()), Error);
}

}  // namespace
}  // namespace elm
