#include "tasks/lra/published_models.h"

#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace elm {
namespace {

constexpr int all_tasks_count = 6;

template <class Row>
using ByTask = std::array<Row, all_tasks_count>;

std::size_t at(LraTask task) { return static_cast<std::size_t>(task); }

bool has_tokens(LraTask task) { return task <= LraTask::retrieval; }

// --- training

struct Training {
    int batch, updates, warmup;
    double learning_rate, weight_decay;
};

std::string training_section(const Training& of, const char* schedule, const char* more) {
    return fmt::format(R"([training]
optimizer = "adamw"
batch = {}
budget = "{}u"
schedule = "{}"
warmup_steps = {}
learning_rate = {:.5g}
weight_decay = {}
{})",
                       of.batch, of.updates, schedule, of.warmup, of.learning_rate, of.weight_decay,
                       more);
}

/// Samples of the published splits, where they are drawn.
std::string published_split(LraTask task, const std::string& section) {
    if (section == "image-syn") return "train_samples = 45000\nheld_out = 5000\n";
    switch (task) {
        case LraTask::listops:
            return "train_samples = 96000\nheld_out = 2000\n";
        case LraTask::pathfinder:
            return "size = 32\ndifficulty = \"hard\"\ntrain_samples = 160000\nheld_out = 20000\n";
        case LraTask::path_x:
            return "train_samples = 160000\nheld_out = 20000\n";
        default:
            return "";
    }
}

Preset preset(const std::string& model, const char* source, std::string toml) {
    return {.name = "paper-" + model,
            .summary = fmt::format("{} ({})", model, source),
            .toml = std::move(toml)};
}

// --- transformers

/// `longest`: steps that positions or tables are learned for, with the class token.
struct TransformerTask {
    Training training;
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
};

TransformerSizes sizes_of(const TransformerModel& model, LraTask task) {
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

/// What a model has beside the sizes that all have. A table is learned for the class token, too.
std::string own_options(const std::string& model, LraTask task, const TransformerSizes& sizes) {
    const int longest = transformer_tasks[at(task)].longest + (sizes.class_token ? 1 : 0);
    if (model == "performer") {
        return task == LraTask::listops ? "kernel = \"softmax\"\nrandom_features = 2\n"
                                        : "kernel = \"relu\"\n";
    }
    if (model == "linformer") return fmt::format("rank = 16\nlongest = {}\n", longest);
    if (model == "synthesizer") return fmt::format("longest = {}\n", longest);
    // Steps on either side: as many keys as a block of 50, or of 64, has.
    if (model == "local_transformer") return has_tokens(task) ? "window = 25\n" : "window = 32\n";
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
    const TransformerTask& of_task = transformer_tasks[at(task)];
    const std::string positions = of_task.learns_positions
                                      ? fmt::format("positions = \"learned\"\nmax_positions = {}\n",
                                                    of_task.longest + (sizes.class_token ? 1 : 0))
                                      : "positions = \"sinusoidal\"\n";
    const char* const more = task == LraTask::path_x
                                 ? "beta2 = 0.98\nepsilon = 1e-9\ndecay_offsets = true\n"
                                   "clip_norm = 1.0\n"
                                 : "beta2 = 0.98\nepsilon = 1e-9\ndecay_offsets = true\n";
    return preset(
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
                    training_section(of_task.training, of_task.schedule, more), sizes.width,
                    model.name, sizes.layers, sizes.heads, sizes.width, sizes.attention_width,
                    sizes.mlp_width, task == LraTask::retrieval ? 0 : sizes.mlp_width,
                    sizes.dropout, positions, own_options(model.name, task, sizes)));
}

// --- state spaces

/// Tokens are one-hot, and an embedding stands before a model that takes none.
std::string state_space_input(LraTask task, const std::string& section, int width) {
    switch (task) {
        case LraTask::listops:
            return "vocabulary = \"s4\"\npooling = \"mean\"\n";
        case LraTask::text:
            return "most_length = 4096\npooling = \"mean\"\n";
        case LraTask::retrieval:
            return fmt::format(
                "most_length = 4000\nlatent = {0}\nhidden = {0}\npooling = \"mean\"\n", width);
        default:
            return fmt::format("encoding = \"value\"\npooling = \"mean\"\n{}",
                               section == "image" ? "grey = \"s4\"\n" : "");
    }
}

struct StateSpaceSizes {
    int layers, width, states;
    double dropout;
};

std::string state_space_preset(LraTask task, const std::string& section, const char* model,
                               const StateSpaceSizes& sizes, const Training& training,
                               const std::string& front_end, const std::string& own) {
    return fmt::format(R"([{}]
{}{}{}{}[{}]
layers = {}
width = {}
states = {}
dropout = {}
{})",
                       section, published_split(task, section),
                       state_space_input(task, section, sizes.width),
                       training_section(training, "cosine", ""), front_end, model, sizes.layers,
                       sizes.width, sizes.states, sizes.dropout, own);
}

struct S4dTask {
    StateSpaceSizes sizes;
    int rows;  // sets of modes; 0: each feature has its own
    const char* norm;
    const char* norm_kind;
    double shortest_step;
    Training training;
};

constexpr ByTask<S4dTask> s4d_tasks{{
    {{8, 128, 64, 0}, 0, "post", "batch", 1e-3, {50, 80000, 1000, 0.01, 0.05}},
    {{6, 256, 64, 0}, 0, "pre", "batch", 1e-3, {16, 50000, 1000, 0.01, 0.05}},
    {{6, 256, 64, 0}, 0, "pre", "batch", 1e-3, {64, 50000, 2500, 0.01, 0.05}},
    {{6, 512, 64, 0.1}, 2, "post", "layer", 1e-3, {50, 180000, 900, 0.01, 0.05}},
    {{6, 256, 64, 0}, 0, "pre", "batch", 1e-3, {64, 500000, 2500, 0.004, 0.03}},
    {{6, 256, 64, 0}, 0, "pre", "batch", 1e-4, {16, 500000, 50000, 0.001, 0.05}},
}};

Preset s4d_preset(LraTask task, const std::string& section) {
    const S4dTask& of = s4d_tasks[at(task)];
    const std::string embedding =
        has_tokens(task)
            ? fmt::format("[front_end]\nkind = \"embedding\"\nwidth = {}\n", of.sizes.width)
            : "";
    const std::string own = fmt::format(
        "input = \"{}\"\ncausal = false\ninitial = \"lin\"\nrows = {}\nnorm = \"{}\"\nnorm_kind = "
        "\"{}\"\nfinal_norm = {}\nstep_min = {}\nstep_max = 0.1\n",
        has_tokens(task) ? "none" : "linear", of.rows, of.norm, of.norm_kind,
        std::string(of.norm) == "pre", of.shortest_step);
    return preset("s4d", "Gu et al. 2022, S4D-Lin",
                  state_space_preset(task, section, "s4d", of.sizes, of.training, embedding, own));
}

struct S5Task {
    StateSpaceSizes sizes;
    int blocks;
    const char* output;
    bool clips;
    double shortest_step;
    Training training;
};

// Updates are epochs of the published training sets.
constexpr ByTask<S5Task> s5_tasks{{
    {{8, 128, 16, 0}, 8, "half_glu2", false, 1e-3, {50, 76800, 1920, 0.003, 0.04}},
    {{6, 256, 192, 0.1}, 12, "half_glu2", false, 1e-3, {50, 17500, 0, 0.004, 0.07}},
    {{6, 128, 256, 0}, 16, "half_glu1", false, 1e-3, {32, 91920, 4596, 0.002, 0.05}},
    {{6, 512, 384, 0.1}, 3, "half_glu1", true, 1e-3, {50, 225000, 900, 0.0045, 0.07}},
    {{6, 192, 256, 0.05}, 8, "half_glu1", false, 1e-3, {64, 500000, 2500, 0.0045, 0.03}},
    {{6, 128, 256, 0}, 16, "half_glu1", false, 1e-4, {32, 375000, 5000, 0.0018, 0.06}},
}};

Preset s5_preset(LraTask task, const std::string& section) {
    const S5Task& of = s5_tasks[at(task)];
    const std::string own = fmt::format(
        "causal = false\nblocks = {}\noutput = \"{}\"\nclip = {}\nnorm_kind = "
        "\"batch\"\nfinal_norm "
        "= false\nstep_min = {}\nstep_max = 0.1\n",
        of.blocks, of.output, of.clips, of.shortest_step);
    return preset("s5", "Smith et al. 2023",
                  state_space_preset(task, section, "s5", of.sizes, of.training, "", own));
}

struct LruTask {
    StateSpaceSizes sizes;
    bool causal;
    double r_min, r_max, max_phase;
    Training training;
};

constexpr double circle = 6.283185307179586;
constexpr ByTask<LruTask> lru_tasks{{
    {{6, 128, 256, 0}, true, 0, 0.99, circle, {32, 80000, 0, 1e-3, 0.05}},
    {{6, 256, 192, 0.1}, true, 0.5, 0.9, circle, {32, 50000, 0, 1e-3, 0.05}},
    {{6, 128, 256, 0.1}, true, 0.5, 0.9, circle, {64, 100000, 0, 1e-3, 0.05}},
    {{6, 512, 384, 0.1}, true, 0.9, 0.999, circle, {50, 180000, 0, 1e-3, 0.05}},
    {{6, 192, 256, 0}, false, 0.9, 0.999, circle, {64, 500000, 0, 1e-3, 0.05}},
    {{6, 128, 256, 0}, false, 0.999, 0.9999, circle / 20, {32, 250000, 0, 1e-3, 0.05}},
}};

Preset lru_preset(LraTask task, const std::string& section) {
    const LruTask& of = lru_tasks[at(task)];
    const std::string own = fmt::format(
        "causal = {}\nr_min = {:.4f}\nr_max = {}\nmax_phase = {}\nnorm_kind = "
        "\"batch\"\nfinal_norm "
        "= false\n",
        of.causal, of.r_min, of.r_max, of.max_phase);
    const char* const source = task == LraTask::image
                                   ? "Orvieto et al. 2023, who had images in colour"
                                   : "Orvieto et al. 2023, learning rate not published";
    return preset("lru", source,
                  state_space_preset(task, section, "lru", of.sizes, of.training, "", own));
}

}  // namespace

std::vector<Preset> published_models(LraTask task, const std::string& section) {
    std::vector<Preset> presets;
    for (const TransformerModel& model : transformer_models) {
        // Of Path-X only that of the first was released.
        if (task == LraTask::path_x && &model != &transformer_models[0]) break;
        presets.push_back(transformer_preset(model, task, section));
    }
    presets.push_back(s4d_preset(task, section));
    presets.push_back(s5_preset(task, section));
    presets.push_back(lru_preset(task, section));
    return presets;
}

std::vector<Preset> joined(std::vector<Preset> first, std::vector<Preset> second) {
    first.insert(first.end(), std::make_move_iterator(second.begin()),
                 std::make_move_iterator(second.end()));
    return first;
}

}  // namespace elm
