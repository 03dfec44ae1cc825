// The registry of sequence models.

#include "baselines/model_registry.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

TEST(ModelRegistry, an_unknown_name_is_answered_with_the_nearest) {
    try {
        find_model("lstn");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_NE(error.message().find("Did you mean lstm?"), std::string::npos) << error.message();
    }
}

TEST(ModelRegistry, default_options_make_a_model_for_ground_truth_of_a_cell) {
    for (const ModelEntry& entry : all_models()) {
        const auto model = entry.make(entry.options(), {1278, 2}, 0);
        EXPECT_GT(trainable_count(*model), 1000) << entry.name;
        EXPECT_FALSE(entry.summary.empty()) << entry.name;
        EXPECT_FALSE(entry.source.empty()) << entry.name;
    }
}

}  // namespace
}  // namespace elm
