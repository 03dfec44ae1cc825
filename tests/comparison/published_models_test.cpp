// Recipes of published models: their numbers of parameters against tables of the published code,
// their learning rates against the published formula, and that they can begin.

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/modules/learning_rate.h"
#include "tasks/comparison/equal_budget.h"
#include "tasks/task_registry.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

Values section_of(const Config& preset, const std::string& name) {
    const auto found = preset.sections.find(name);
    return found == preset.sections.end() ? Values{} : found->second;
}

/// The model of the preset "paper-MODEL" of a task, for input and output of these widths.
FittedModel published(const std::string& task, const std::string& model, SequenceShape shape,
                      const Values& changed = {}) {
    const Config preset = find_preset(find_task(task), "paper-" + model);
    ModelSpec spec{.model = model,
                   .options = section_of(preset, model),
                   .shape = shape,
                   .front_end = section_of(preset, "front_end")};
    for (const auto& [name, value] : changed) spec.options[name] = value;
    const Values of_task = section_of(preset, task);
    if (const auto pooling = of_task.find("pooling");
        pooling != of_task.end() && pooling->second == Value(std::string("cls"))) {
        spec.front_end["class_token"] = true;
    }
    return make_model(spec, 7);
}

std::int64_t parameters(const FittedModel& fitted) { return trainable_count(*fitted.model); }

TEST(PublishedTransformers, have_the_published_numbers_of_parameters) {
    const std::string path = std::string(ELM_DATA_DIR) + "/golden_attention.h5";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    const Hdf5File file = Hdf5File::open(path);
    struct Row {
        const char *task, *published_task;
        SequenceShape shape;  // tokens and classes
    };
    const Row rows[] = {{"listops", "listops", {17, 10}},
                        {"text", "text", {257, 2}},
                        {"image", "image", {256, 10}},
                        {"image-syn", "image", {256, 10}},
                        {"pathfinder", "pathfinder32", {256, 2}},
                        {"pathfinder-x", "pathfinder128", {256, 2}}};
    const std::pair<const char*, const char*> models[] = {
        {"transformer", "transformer"}, {"linear_transformer", "linear_transformer"},
        {"performer", "performer"},     {"linformer", "linformer"},
        {"local_transformer", "local"}, {"synthesizer", "synthesizer"}};
    for (const Row& row : rows) {
        for (const auto& [ours, theirs] : models) {
            const bool released =
                std::string(row.task) != "pathfinder-x" || std::string(ours) == "transformer";
            if (!released) {
                EXPECT_THROW(published(row.task, ours, row.shape), Error);
                continue;
            }
            EXPECT_EQ(static_cast<double>(parameters(published(row.task, ours, row.shape))),
                      file.number_attribute(
                          std::string("/parameter_counts/lra/") + row.published_task, theirs))
                << row.task << " " << ours;
        }
    }
    // Of retrieval the tower: without its readout here, and without the published head.
    constexpr std::int64_t width = 128, hidden = 512, classes = 2;
    constexpr std::int64_t head = 2 * width * hidden + hidden + hidden * (hidden / 2) + hidden / 2 +
                                  hidden / 2 * classes + classes;
    for (const auto& [ours, theirs] : models) {
        const std::int64_t tower =
            parameters(published("retrieval", ours, {257, width})) - width * (width + 1);
        EXPECT_EQ(static_cast<double>(tower + head),
                  file.number_attribute("/parameter_counts/lra/matching", theirs))
            << ours;
    }
}

/// From constructing the models with their authors' code: state-spaces/s4, configurations
/// lra/old/v3 with diagonal modes; lindermanlab/S5; minimal-LRU with the sizes of the paper, one
/// direction, images in colour. Vocabularies are theirs: 18, S5 and LRU 20, and 135 characters.
TEST(PublishedStateSpaces, have_the_numbers_of_parameters_of_the_published_code) {
    struct Row {
        const char *task, *model;
        SequenceShape shape;
        std::int64_t parameters;
    };
    const Row rows[] = {
        {"listops", "s4d", {18, 10}, 534'026},      {"text", "s4d", {135, 2}, 1'224'450},
        {"image", "s4d", {1, 10}, 3'565'066},       {"pathfinder", "s4d", {1, 2}, 1'190'402},
        {"pathfinder-x", "s4d", {1, 2}, 1'190'402}, {"listops", "s5", {20, 10}, 188'490},
        {"text", "s5", {135, 2}, 1'321'154},        {"image", "s5", {1, 10}, 5'133'706},
        {"pathfinder", "s5", {1, 2}, 1'113'602},    {"pathfinder-x", "s5", {1, 2}, 694'018},
        {"listops", "lru", {20, 10}, 995'466},      {"text", "lru", {135, 2}, 2'012'546},
        {"image", "lru", {3, 10}, 7'893'770},       {"pathfinder", "lru", {1, 2}, 1'633'154},
        {"pathfinder-x", "lru", {1, 2}, 992'002}};
    for (const Row& row : rows) {
        const bool one_direction = std::string(row.model) == "lru";
        EXPECT_EQ(parameters(published(row.task, row.model, row.shape,
                                       one_direction ? Values{{"causal", true}} : Values{})),
                  row.parameters)
            << row.task << " " << row.model;
    }
    // Of retrieval the tower without its readout: 98 characters, S5 a one-hot 98 with a bias.
    const auto tower = [](const char* model, std::int64_t width) {
        return parameters(published("retrieval", model, {98, width})) - width * (width + 1);
    };
    EXPECT_EQ(tower("s4d", 256), 25'088 + 1'189'376);
    EXPECT_EQ(tower("s5", 128), 12'672 + 693'504);
}

/// base min(1, s / w) / sqrt(max(s, w)) of step s, counted from 1.
TEST(PublishedTransformers, have_the_published_learning_rates) {
    struct Row {
        const char* task;
        double warmup, steps;
    };
    for (const Row& row :
         {Row{"listops", 1000, 5000}, {"text", 8000, 20000}, {"retrieval", 8000, 5000}}) {
        OptionSet recipe = training_options();
        const Config preset = find_preset(find_task(row.task), "paper-transformer");
        set_options(recipe, preset.sections.at("training"));
        const LearningRate rate = learning_rate_of(recipe, static_cast<std::int64_t>(row.steps));
        for (double step = 1; step <= row.steps; step = std::ceil(step * 1.7)) {
            const double expected =
                0.05 * std::min(1.0, step / row.warmup) / std::sqrt(std::max(step, row.warmup));
            // Its knee is a step later.
            EXPECT_NEAR(rate.at(static_cast<std::int64_t>(step) - 1), expected, 1e-3 * expected)
                << row.task << " " << step;
        }
    }
}

/// Every recipe of a task that can be drawn makes a model that takes the task's input.
TEST(PublishedModels, fit_the_tasks_that_they_are_for) {
    Stream stream{Device{}};
    int count = 0;
    for (const char* const name : {"listops", "pathfinder", "pathfinder-x", "image-syn"}) {
        const TaskEntry& entry = find_task(name);
        for (const Preset& one : entry.presets) {
            const std::string prefix = "paper-";
            const Config preset = find_preset(entry, one.name);
            if (!one.name.starts_with(prefix)) continue;
            const std::string model = one.name.substr(prefix.size());
            if (!preset.sections.contains(model)) continue;  // an ELM neuron
            OptionSet of_task = entry.options();
            set_options(of_task, section_of(preset, name));
            const auto task = entry.make(of_task, {});
            ComparisonOptions options;
            options.plan.models = {model};
            options.plan.model_options[model] = section_of(preset, model);
            options.plan.front_end = section_of(preset, "front_end");
            options.plan.recipe = training_options();
            set_options(options.plan.recipe, section_of(preset, "training"));
            EXPECT_NO_THROW(require_possible(stream, *task, options)) << name << " " << one.name;
            const std::int64_t updates =
                updates_within(parse_budget(options.plan.recipe.text("budget")), {});
            EXPECT_NO_THROW(settings_of(options.plan.recipe, DType::f32, updates, 0)) << one.name;
            ++count;
        }
    }
    EXPECT_EQ(count, 3 * 9 + 4);
}

}  // namespace
}  // namespace elm
