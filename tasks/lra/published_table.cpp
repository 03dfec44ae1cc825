#include "tasks/lra/published_table.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "baselines/fitted_model.h"
#include "kernels/io/toml_config.h"
#include "tasks/lra/listops/listops.h"
#include "tasks/lra/published_models.h"
#include "tasks/task_registry.h"

namespace elm {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double chance = -1;  // a score that is not above it

constexpr std::array<LraTask, 6> all_lra_tasks{LraTask::listops,    LraTask::text,
                                               LraTask::retrieval,  LraTask::image,
                                               LraTask::pathfinder, LraTask::path_x};
constexpr std::array task_names{"listops", "text",       "retrieval",
                                "image",   "pathfinder", "pathfinder-x"};

template <class Number>
using EachTask = std::array<Number, 6>;

/// Accuracy in percent, and where it was read.
struct PublishedScores {
    const char* model;  // of the registry
    EachTask<double> scores;
    const char* source;
};

constexpr const char* of_arena = "Tay et al. 2021, arXiv 2011.04006, results of the repository";
// Said of texts, whose released configuration reads 1000 bytes.
constexpr const char* of_longer_texts = "; perhaps of 4000 bytes, the release reads 1000";
constexpr const char* of_survey = "as listed in the table of badripatro/mamba360";

constexpr PublishedScores published_scores[] = {
    {"transformer", {36.37, 64.27, 57.46, 42.44, 71.40, chance}, of_arena},
    {"local_transformer", {15.82, 52.98, 53.39, 41.46, 66.63, chance}, of_arena},
    {"sparse_transformer", {17.07, 63.58, 59.59, 44.24, 71.71, chance}, of_arena},
    {"longformer", {35.63, 62.85, 56.89, 42.22, 69.71, chance}, of_arena},
    {"linformer", {35.70, 53.94, 52.27, 38.56, 76.34, chance}, of_arena},
    {"reformer", {37.27, 56.10, 53.40, 38.07, 68.50, chance}, of_arena},
    {"sinkhorn_transformer", {33.67, 61.20, 53.83, 41.23, 67.45, chance}, of_arena},
    {"synthesizer", {36.99, 61.68, 54.67, 41.61, 69.45, chance}, of_arena},
    {"bigbird", {36.05, 64.02, 59.29, 40.83, 74.87, chance}, of_arena},
    {"linear_transformer", {16.13, 65.90, 53.09, 42.34, 75.30, chance}, of_arena},
    {"performer", {18.01, 65.40, 53.82, 42.77, 77.05, chance}, of_arena},
    {"nystromformer",
     {37.15, 65.52, 79.56, 41.58, 70.94, none},
     "Xiong et al. 2021, arXiv 2102.03902, repository, other scaffold"},
    {"prob_sparse",
     {32.53, 62.64, 77.57, 38.10, 57.83, none},
     "Chen et al. 2021 (Skyformer), table 1, other scaffold"},
    {"cosformer", {36.50, 67.70, 83.15, 51.23, 71.96, none}, of_survey},
    {"s4", {59.60, 86.82, 90.90, 88.65, 94.20, 96.35}, of_survey},
    {"s4d",
     {60.52, 86.97, 90.96, 87.93, 93.96, chance},
     "S4D-Lin of Gu et al. 2022, arXiv 2206.11893, as listed in Solozabal 2025"},
    {"dss", {60.60, 84.80, 87.80, 85.70, 84.60, 87.80}, of_survey},
    {"s5", {62.15, 89.31, 91.40, 88.00, 95.33, 98.58}, of_survey},
    {"lru",
     {60.2, 89.4, 89.9, 89.0, 95.1, 94.2},
     "Orvieto et al. 2023, arXiv 2303.06349; the image in colour"},
    {"liquid_s4_released", {62.75, 89.02, 91.20, 89.50, 94.80, 96.66}, of_survey},
    {"mamba",
     {38.02, 82.98, 72.14, 69.82, 69.26, 67.32},
     "MetaLA 2024, table 7, of an unknown configuration"},
    {"rwkv4", {55.88, 86.04, 88.34, 70.53, 58.42, chance}, "Peng et al. 2023, arXiv 2305.13048"},
    {"mega", {63.14, 90.43, 91.25, 90.44, 96.01, 97.98}, of_survey},
    {"mega_chunk", {58.76, 90.19, 90.97, 85.80, 94.41, 93.81}, of_survey},
    {"tcnca",
     {none, none, none, none, none, none},
     "Terzic et al. 2023, arXiv 2312.05605: no figures in its abstract"},
    {"elm",
     {46.77, 80.30, 84.93, 49.62, 71.15, 77.29},
     "Spieler et al. 2024, arXiv 2306.16922, table 1"},
    {"chrono_lstm",
     {44.55, 75.40, 82.87, 46.09, 70.79, chance},
     "Spieler et al. 2024, arXiv 2306.16922, table 1"}};

bool is_of_arena(const PublishedScores& row) { return std::string_view(row.source) == of_arena; }

/// Parameters of the public code, made with its own configuration; 0: not known, or without one.
/// Mega without its embedding; sinkhorn_transformer of text and image with the mean in place of the
/// class token that it refuses; bigbird of image without the option that it does not know.
struct PublishedCounts {
    const char* model;
    EachTask<std::int64_t> parameters;
};

constexpr PublishedCounts published_counts[] = {
    {"transformer", {8948746, 3486722, 1087618, 248458, 26530, 537954}},
    {"local_transformer", {8948746, 3486722, 1087618, 248202, 54338, 0}},
    {"sparse_transformer", {8948746, 3486722, 1087618, 248458, 13666, 0}},
    {"longformer", {12094474, 4273154, 1284226, 545418, 21026, 0}},
    {"linformer", {9076810, 3550786, 1343618, 264858, 30050, 0}},
    {"reformer", {6851594, 2962434, 956546, 154058, 54338, 0}},
    {"sinkhorn_transformer", {8424202, 3228162, 1090818, 50570, 21258, 0}},
    {"synthesizer", {137076778, 19518738, 257087618, 8653458, 8442946, 0}},
    {"bigbird", {8948746, 3486722, 1087618, 248458, 87874, 0}},
    {"linear_transformer", {8948746, 3486722, 1087618, 248458, 116098, 0}},
    {"performer", {8948746, 3486722, 1087618, 248458, 26530, 0}},
    {"nystromformer", {206870, 364558, 389134, 175126, 174094, 0}},
    {"s4", {815186, 843594, 1096522, 3564682, 1288706, 1288706}},
    {"s4d", {534026, 1224450, 1477378, 3565066, 1190402, 1190402}},
    {"dss", {205578, 152450, 888322, 1991434, 601346, 601346}},
    {"s5", {188490, 1321154, 772098, 5133706, 1113602, 694018}},
    {"lru", {995466, 2012546, 0, 7893770, 1633154, 992002}},
    {"liquid_s4_released", {333322, 164226, 1477378, 11034634, 1190402, 1733762}},
    {"mega", {600658, 957204, 1451806, 2839096, 1386874, 381948}},
    {"mega_chunk", {578170, 926212, 1405318, 2824760, 1376122, 283644}}};

/// Steps and classes as published, and how many kinds of symbol each family gets: 0 a value.
struct PublishedInput {
    std::int64_t steps, classes, transformer, state_space, one_hot;
};
constexpr EachTask<PublishedInput> published_inputs{{{2000, 10, 17, 18, 20},
                                                     {4096, 2, 257, 135, 135},
                                                     {4000, 2, 257, 98, 98},
                                                     {1024, 10, 256, 0, 0},
                                                     {1024, 2, 256, 0, 0},
                                                     {16384, 2, 256, 0, 0}}};

/// Channels of a sample as the recipe's section of the task has it encoded.
std::int64_t inputs_of(const std::string& model, std::size_t task, const Values& of_task) {
    if (const auto bins = of_task.find("bins"); bins != of_task.end()) {
        return std::get<std::int64_t>(bins->second);
    }
    if (of_task.contains("encoding")) return 1;  // a value
    const PublishedInput& input = published_inputs[task];
    if (model == "elm") {
        return all_lra_tasks[task] == LraTask::listops ? listops_token_kinds : input.transformer;
    }
    if (model == "s5" || model == "lru") return input.one_hot;
    const bool is_of_s4 =
        model == "s4" || model == "s4d" || model == "dss" || model == "liquid_s4_released";
    return is_of_s4 ? input.state_space : input.transformer;
}

Values taken(Config& config, const std::string& section) {
    const auto found = config.sections.find(section);
    return found == config.sections.end() ? Values{} : found->second;
}

/// The options of the task's section that belong to the head of two sequences.
Values towers_of(const Values& task) {
    Values towers;
    for (const char* const name : {"latent", "hidden", "pooling"}) {
        const auto found = task.find(name);
        if (found != task.end()) towers[name] = found->second;
    }
    return towers;
}

struct OwnSize {
    std::int64_t steps, parameters;
    double gflop;  // forward, of one sample
};

/// Of a recipe's model.
OwnSize size_of(const Preset& preset, const std::string& model, std::size_t task) {
    Config config = Config::parse(preset.toml, preset.name);
    const Values of_task = taken(config, task_names[task]);
    const PublishedInput& input = published_inputs[task];
    ModelSpec spec{.model = model,
                   .options = taken(config, model),
                   .shape = {inputs_of(model, task, of_task), input.classes},
                   .front_end = taken(config, "front_end")};
    const bool is_pair = all_lra_tasks[task] == LraTask::retrieval;
    if (is_pair) spec.towers = towers_of(of_task);
    const auto pooling = of_task.find("pooling");
    if (pooling != of_task.end() && pooling->second == Value(std::string("cls"))) {
        spec.front_end["class_token"] = true;
    }
    const FittedModel made = make_model(spec);
    const auto chosen = of_task.find("most_length");
    const std::int64_t length =
        chosen == of_task.end() ? input.steps : std::get<std::int64_t>(chosen->second);
    const double steps = static_cast<double>(length) * (is_pair ? 2 : 1);
    return {length, trainable_count(*made.model), made.model->flops_per_step(length) * steps / 1e9};
}

std::string shown(double score) {
    if (std::isnan(score)) return "-";
    return score == chance ? "x" : fmt::format("{:.2f}", score);
}

std::string public_count(const std::string& model, std::size_t task) {
    for (const PublishedCounts& counts : published_counts) {
        if (model == counts.model && counts.parameters[task] > 0) {
            return fmt::format("{}", counts.parameters[task]);
        }
    }
    return "-";
}

/// The recipe of a model, if the task has one.
const Preset* recipe_of(const std::string& model, std::size_t task) {
    const std::string name = model == "elm" ? "paper" : "paper-" + model;
    for (const Preset& preset : find_task(task_names[task]).presets) {
        if (preset.name == name) return &preset;
    }
    return nullptr;
}

/// What the recipe says in brackets about where it is from.
std::string source_of(const Preset& recipe) {
    const std::size_t begin = recipe.summary.rfind('(') + 1;
    return recipe.summary.substr(begin, recipe.summary.rfind(')') - begin);
}

std::string without_recipe(const PublishedScores& row, LraTask task) {
    const std::string_view model = row.model;
    if (model == "cosformer" || model == "prob_sparse") return "found in part";
    return is_of_arena(row) && task == LraTask::path_x ? "none released" : "none found";
}

std::string score_source(const PublishedScores& row, LraTask task) {
    const bool may_be_longer = is_of_arena(row) && task == LraTask::text;
    return may_be_longer ? fmt::format("{}{}", row.source, of_longer_texts) : row.source;
}

}  // namespace

std::string published_model_legend() {
    return "accuracy x: published as no better than chance. -: not published, not known, or "
           "without a configuration.\n";
}

Table published_model_table() {
    Table table({"model", "task", "steps", "parameters", "of the public code", "GFLOP forward",
                 "accuracy %", "configuration", "accuracy from"});
    for (const PublishedScores& row : published_scores) {
        for (std::size_t index = 0; index < all_lra_tasks.size(); ++index) {
            const LraTask task = all_lra_tasks[index];
            std::string parameters = "-", gflop = "-", configuration = without_recipe(row, task);
            std::int64_t steps = published_inputs[index].steps;
            if (const Preset* const recipe = recipe_of(row.model, index)) {
                const OwnSize size = size_of(*recipe, row.model, index);
                steps = size.steps;
                parameters = fmt::format("{}", size.parameters);
                gflop = fmt::format("{:.3g}", size.gflop);
                configuration = source_of(*recipe);
            }
            table.add({row.model, task_names[index], fmt::format("{}", steps), parameters,
                       public_count(row.model, index), gflop, shown(row.scores[index]),
                       configuration, score_source(row, task)});
        }
    }
    return table;
}

}  // namespace elm
