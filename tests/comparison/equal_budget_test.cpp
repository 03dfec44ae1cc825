#include "tasks/comparison/equal_budget.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/training/budget.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

CellResult cell(const std::string& model, std::int64_t updates, double flops, double seconds) {
    CellResult result{.model = model};
    result.updates = updates;
    result.samples = 8 * updates;
    result.flops = flops;
    result.flops_per_update = flops / static_cast<double>(updates);
    result.training_seconds = seconds;
    return result;
}

TEST(EqualBudget, says_what_all_cells_got) {
    const std::string text =
        equal_budget(parse_budget("100u"), {cell("a", 100, 1e6, 1), cell("b", 100, 5e6, 9)});
    EXPECT_EQ(text, "100 updates, 800 samples, 1e+06 to 5e+06 FLOP, 1 to 9 s");
}

TEST(EqualBudget, of_no_update_is_refused_by_the_model_that_it_buys_none) {
    const std::vector<ModelCost> costs{
        {.model = "a", .update = {.samples = 8, .flops = 1e6}, .seconds = 0.1},
        {.model = "b", .update = {.samples = 8, .flops = 3e6}, .seconds = 2}};
    const auto refusal = [&](const std::string& budget) {
        return test::message_of([&] { require_affordable(budget, costs); });
    };
    for (const char* const enough : {"1u", "8n", "3e6f", "2s"}) {
        EXPECT_EQ(refusal(enough), "no error") << enough;
    }
    EXPECT_NE(refusal("7n").find("one takes 8 samples"), std::string::npos);
    EXPECT_NE(refusal("2e6f").find("buys b no update"), std::string::npos);
    EXPECT_NE(refusal("1s").find("buys b no update"), std::string::npos);
}

TEST(EqualBudget, refuses_cells_that_got_more_or_less) {
    const auto refusal = [](const std::string& budget, const CellResult& a, const CellResult& b) {
        return test::message_of([&] { equal_budget(parse_budget(budget), {a, b}); });
    };
    EXPECT_NE(refusal("100u", cell("a", 100, 1, 1), cell("b", 90, 1, 1))
                  .find("b-seed0 got 90 updates and a-seed0 100"),
              std::string::npos);
    EXPECT_NE(refusal("800n", cell("a", 100, 1, 1), cell("b", 101, 1, 1)), "no error");
    EXPECT_NE(refusal("1e6f", cell("a", 10, 1e6, 1), cell("b", 100, 0.8e6, 1)), "no error");
    EXPECT_NE(refusal("100s", cell("a", 10, 1, 100), cell("b", 20, 1, 60)), "no error");
}

TEST(EqualBudget, takes_what_no_update_could_fill_and_leaves_out_cells_that_diverged) {
    EXPECT_NO_THROW(
        equal_budget(parse_budget("1e6f"), {cell("a", 10, 0.95e6, 1), cell("b", 100, 1e6, 1)}));
    EXPECT_NO_THROW(
        equal_budget(parse_budget("100s"), {cell("a", 10, 1, 100), cell("b", 20, 1, 90)}));
    CellResult cut = cell("c", 3, 1, 1);
    cut.state = CellState::diverged;
    EXPECT_NO_THROW(equal_budget(parse_budget("100u"), {cell("a", 100, 1, 1), cut}));
    EXPECT_EQ(equal_budget(parse_budget("100u"), {cut}), "");
}

}  // namespace
}  // namespace elm
