// Names of models in a table of scores.

#include "tasks/neuronio/model_scores.h"

#include <gtest/gtest.h>

namespace elm {
namespace {

TEST(ModelScores, short_names_tell_paths_apart) {
    const std::vector<std::string> paths{"a/fit.h5", "b/fit.h5", "b/other.h5", "a/fit.h5"};
    EXPECT_EQ(short_names(paths), (std::vector<std::string>{"a/fit", "b/fit", "other", "a/fit"}));
    EXPECT_EQ(short_names({"fit.h5", "x/fit.h5", "y/x/fit.h5"}),
              (std::vector<std::string>{"fit", "x/fit", "y/x/fit"}));
    EXPECT_EQ(short_names({"x/fit.h5", "x/fit.safetensors"}),
              (std::vector<std::string>{"x/fit.h5", "x/fit.safetensors"}));
}

}  // namespace
}  // namespace elm
