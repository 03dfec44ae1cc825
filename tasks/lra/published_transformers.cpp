#include "tasks/lra/published_transformers.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "tasks/lra/published_preset.h"

namespace elm {
namespace {

/// `longest`: steps that positions or tables are learned for, with the class token.
struct TransformerTask {
    PublishedTraining training;
    const char* schedule;
    bool learns_positions;
    int longest;
};

// The peak of a schedule base / sqrt(step) is base / sqrt(warm-up), base 0.05.
constexpr double peak_1000 = 1.5811388e-3, peak_8000 = 5.5901699e-4;
constexpr ByTask<TransformerTask> transformer_tasks{{
    {{32, 5000, 1000, peak_1000, 0.1}, "reciprocal_root", false, 2000},
    {{32, 20000, 8000, peak_8000, 0.1}, "reciprocal_root", false, 1000},
    {{32, 5000, 8000, peak_8000, 0.1}, "reciprocal_root", false, 4000},
    {{256, 35000, 175, 5e-4, 0}, "cosine", true, 1024},
    {{512, 62400, 312, 1e-3, 0}, "cosine", false, 1024},
    {{64, 500000, 2500, 1e-3, 0}, "cosine", true, 16384},
}};

struct TransformerSizes {
    int layers, heads, width, attention_width, mlp_width;
    double dropout;
    bool class_token;
};

constexpr TransformerSizes base_listops{4, 8, 512, 512, 1024, 0.1, true};
constexpr TransformerSizes base_text{4, 4, 256, 256, 1024, 0.1, true};
constexpr TransformerSizes base_retrieval{4, 4, 128, 128, 512, 0.1, false};
constexpr TransformerSizes base_image{1, 8, 128, 64, 128, 0.3, true};

struct TransformerModel {
    const char* name;
    TransformerSizes image, pathfinder;
};

constexpr TransformerModel transformer_models[] = {
    {"transformer", base_image, {4, 4, 32, 16, 32, 0.2, false}},
    {"linear_transformer", base_image, {1, 2, 128, 64, 128, 0.2, false}},
    {"performer", base_image, {4, 8, 32, 16, 32, 0.2, false}},
    {"linformer", base_image, {1, 2, 32, 16, 32, 0.2, false}},
    {"local_transformer", {1, 2, 128, 64, 128, 0.3, false}, {2, 4, 64, 32, 64, 0.1, false}},
    {"synthesizer", base_image, {2, 4, 64, 32, 64, 0.2, false}},
    {"sparse_transformer", base_image, {1, 8, 32, 16, 32, 0.2, false}},
    {"longformer", {4, 4, 128, 64, 128, 0.3, false}, {2, 2, 32, 16, 32, 0.1, false}},
    {"reformer", {4, 8, 64, 64, 64, 0.3, true}, {2, 8, 64, 64, 64, 0.2, false}},
    {"sinkhorn_transformer", {1, 1, 32, 32, 64, 0.1, false}, {2, 4, 32, 16, 64, 0.2, false}},
    {"bigbird", {1, 1, 128, 64, 128, 0.3, true}, {4, 2, 64, 32, 64, 0.2, false}},
};

/// Its means are of steps alone, and read by one linear map.
bool is_sinkhorn(const TransformerModel& model) {
    return std::string_view(model.name) == "sinkhorn_transformer";
}

TransformerSizes sizes_in_release(const TransformerModel& model, LraTask task) {
    switch (task) {
        case LraTask::listops:
            return base_listops;
        case LraTask::text:
            return base_text;
        case LraTask::retrieval:
            return base_retrieval;
        case LraTask::image:
            return model.image;
        case LraTask::pathfinder:
            return model.pathfinder;
        case LraTask::path_x:
            break;
    }
    return {1, 2, 32, 16, 32, 0.1, false};
}

TransformerSizes sizes_of(const TransformerModel& model, LraTask task) {
    TransformerSizes sizes = sizes_in_release(model, task);
    sizes.class_token = sizes.class_token && !is_sinkhorn(model);
    return sizes;
}

/// What a model has beside the sizes that all have. A table is learned for the class token, too.
std::string own_options(const std::string& model, LraTask task, const TransformerSizes& sizes) {
    const int longest = row_of(transformer_tasks, task).longest + (sizes.class_token ? 1 : 0);
    if (model == "performer") {
        return task == LraTask::listops ? "kernel = \"softmax\"\nrandom_features = 2\n"
                                        : "kernel = \"relu\"\n";
    }
    if (model == "linformer") return fmt::format("rank = 16\nlongest = {}\n", longest);
    if (model == "synthesizer") return fmt::format("longest = {}\n", longest);
    const int block = has_tokens(task) ? 50 : 64;
    // Steps on either side: as many keys as a block has.
    if (model == "local_transformer") return fmt::format("window = {}\n", block / 2);
    if (model == "sparse_transformer") return "block = 50\nsummary = 10\n";
    if (model == "longformer") return "window = 512\n";
    if (model == "bigbird") return "block = 64\nrandom_blocks = 3\n";
    if (model == "reformer") {
        return "mode = \"release\"\nrounds = 1\nbuckets = 10\nchunk = 10\n";
    }
    if (model == "sinkhorn_transformer") {
        constexpr int released = 25;  // blocks that the release can sort by, whatever there are
        return fmt::format("block = {}\nmost_blocks = {}\n", block,
                           std::max(released, (longest + block - 1) / block));
    }
    return "";
}

std::string transformer_input(LraTask task, const TransformerSizes& sizes) {
    const char* const pooling = sizes.class_token ? "cls" : "mean";
    switch (task) {
        case LraTask::listops:
            return fmt::format("vocabulary = \"release\"\npooling = \"{}\"\n", pooling);
        case LraTask::text:
            return fmt::format("most_length = 1000\npooling = \"{}\"\n", pooling);
        case LraTask::retrieval:
            return fmt::format("most_length = 4000\nlatent = {}\nhidden = {}\npooling = \"mean\"\n",
                               sizes.width, sizes.mlp_width);
        default:
            return fmt::format("encoding = \"grey_bins\"\nbins = 256\npooling = \"{}\"\n", pooling);
    }
}

Preset transformer_preset(const TransformerModel& model, LraTask task, const std::string& section) {
    const TransformerSizes sizes = sizes_of(model, task);
    const TransformerTask& of_task = row_of(transformer_tasks, task);
    PublishedTraining training = of_task.training;
    if (is_sinkhorn(model) && task == LraTask::image) training.weight_decay = 0.7;
    const bool reads_linearly = task == LraTask::retrieval || is_sinkhorn(model);
    const std::string positions = of_task.learns_positions
                                      ? fmt::format("positions = \"learned\"\nmax_positions = {}\n",
                                                    of_task.longest + (sizes.class_token ? 1 : 0))
                                      : "positions = \"sinusoidal\"\n";
    const char* const more = task == LraTask::path_x
                                 ? "beta2 = 0.98\nepsilon = 1e-9\ndecay_offsets = true\n"
                                   "clip_norm = 1.0\n"
                                 : "beta2 = 0.98\nepsilon = 1e-9\ndecay_offsets = true\n";
    return published_preset(
        model.name, "Tay et al. 2021, released configuration",
        fmt::format(R"([{}]
{}{}{}[front_end]
kind = "embedding"
width = {}
[{}]
input = "none"
causal = false
projection_bias = false
activation = "gelu_tanh"
norm_epsilon = 1e-6
layers = {}
heads = {}
width = {}
attention_width = {}
mlp_width = {}
readout_hidden = {}
dropout = {}
{}{})",
                    section, published_split(task, section), transformer_input(task, sizes),
                    training_section(training, of_task.schedule, more), sizes.width, model.name,
                    sizes.layers, sizes.heads, sizes.width, sizes.attention_width, sizes.mlp_width,
                    reads_linearly ? 0 : sizes.mlp_width, sizes.dropout, positions,
                    own_options(model.name, task, sizes)));
}

constexpr ByTask<PublishedTraining> nystromformer_trainings{{{32, 5000, 1000, 1e-4, 0},
                                                             {32, 20000, 8000, 1e-4, 0},
                                                             {32, 30000, 800, 1e-4, 0},
                                                             {256, 35000, 175, 1e-4, 0},
                                                             {256, 62400, 312, 1e-4, 0},
                                                             {}}};

std::string nystromformer_input(LraTask task) {
    switch (task) {
        case LraTask::listops:
            return "vocabulary = \"release\"\npooling = \"mean\"\n";
        case LraTask::text:
            return "most_length = 4000\npooling = \"mean\"\n";
        case LraTask::retrieval:
            return "most_length = 4000\nlatent = 64\nhidden = 128\npooling = \"mean\"\n";
        default:
            return "encoding = \"grey_bins\"\nbins = 256\npooling = \"mean\"\n";
    }
}

Preset nystromformer_preset(LraTask task, const std::string& section) {
    constexpr ByTask<int> longest{2000, 4000, 4000, 1024, 1024, 0};
    return published_preset(
        "nystromformer", "Xiong et al. 2021, repository",
        fmt::format(
            R"([{}]
{}{}{}[front_end]
kind = "embedding"
width = 64
[nystromformer]
input = "none"
causal = false
layers = 2
heads = 2
width = 64
mlp_width = 128
positions = "learned"
max_positions = {}
readout_hidden = {}
dropout = 0.1
landmarks = 64
taps = 35
)",
            section, published_split(task, section), nystromformer_input(task),
            training_section(row_of(nystromformer_trainings, task), "cosine", "epsilon = 1e-6\n"),
            row_of(longest, task), task == LraTask::retrieval ? 0 : 128));
}

}  // namespace

std::vector<Preset> published_transformers(LraTask task, const std::string& section) {
    std::vector<Preset> presets;
    for (const TransformerModel& model : transformer_models) {
        // Of Path-X only that of the first was released.
        if (task == LraTask::path_x && &model != &transformer_models[0]) break;
        presets.push_back(transformer_preset(model, task, section));
    }
    if (task != LraTask::path_x) presets.push_back(nystromformer_preset(task, section));
    return presets;
}

}  // namespace elm
