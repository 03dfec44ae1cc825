#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {

/// Small and quick trainings on the adding problem.
class TrainCommand : public testing::Test {
protected:
    std::vector<std::string> train(const std::string& name,
                                   const std::vector<std::string>& more = {},
                                   const std::string& threads = "1") const {
        std::vector<std::string> arguments{
            "train", "--task", "adding",          "--out", folder_ / name,       "--threads",
            threads, "--set",  "adding.steps=20", "--set", "adding.held_out=100"};
        const bool has_budget = std::find(more.begin(), more.end(), "--budget") != more.end();
        if (!has_budget) arguments.insert(arguments.end(), {"--budget", "60u"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// Every parameter of a model.
    static std::vector<float> parameters(const std::string& path) {
        Stream host{Device{}};
        const FittedModel model = load_model(host, path, DType::f32);
        const auto values = model.parameters.values.host<float>();
        return {values.begin(), values.end()};
    }

    test::TemporaryDirectory folder_;
};

}  // namespace elm
