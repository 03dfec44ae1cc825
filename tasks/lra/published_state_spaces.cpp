#include "tasks/lra/published_state_spaces.h"

#include <string_view>

#include <fmt/format.h>

#include "tasks/lra/published_preset.h"

namespace elm {
namespace {

constexpr int text_length = 4096;

/// Tokens are one-hot, and an embedding stands before a model that takes none.
std::string state_space_input(LraTask task, const std::string& section, int width,
                              int most_of_text = text_length, const char* pooling = "mean") {
    switch (task) {
        case LraTask::listops:
            return "vocabulary = \"s4\"\npooling = \"mean\"\n";
        case LraTask::text:
            return fmt::format("most_length = {}\npooling = \"mean\"\n", most_of_text);
        case LraTask::retrieval:
            return fmt::format(
                "most_length = 4000\nlatent = {0}\nhidden = {0}\npooling = \"mean\"\n", width);
        default:
            return fmt::format("encoding = \"value\"\npooling = \"{}\"\n{}", pooling,
                               section == "image" ? "grey = \"s4\"\n" : "");
    }
}

struct StateSpaceSizes {
    int layers, width, states;
    double dropout;
};

std::string state_space_preset(LraTask task, const std::string& section, const char* model,
                               const StateSpaceSizes& sizes, const PublishedTraining& training,
                               const std::string& input, const std::string& front_end,
                               const std::string& own) {
    return fmt::format(R"([{}]
{}{}{}{}[{}]
layers = {}
width = {}
states = {}
dropout = {}
{})",
                       section, published_split(task, section), input,
                       training_section(training, "cosine", ""), front_end, model, sizes.layers,
                       sizes.width, sizes.states, sizes.dropout, own);
}

/// Before a model whose first features are what tokens become.
std::string embedding(LraTask task, int width) {
    if (!has_tokens(task)) return "";
    return fmt::format("[front_end]\nkind = \"embedding\"\nwidth = {}\n", width);
}

/// What blocks of S4 and its kin have around their state spaces. A norm stands before the readout
/// where norms stand before what they are for.
std::string block_options(LraTask task, const char* norm, const char* norm_kind) {
    return fmt::format("input = \"{}\"\nnorm = \"{}\"\nnorm_kind = \"{}\"\nfinal_norm = {}\n",
                       has_tokens(task) ? "none" : "linear", norm, norm_kind,
                       std::string_view(norm) == "pre");
}

/// Steps that kernels are made for.
constexpr ByTask<int> longest_steps{2048, text_length, 4000, 1024, 1024, 16384};

struct S4Task {
    StateSpaceSizes sizes;
    int rows;  // sets of modes; 0: each feature has its own
    const char* norm;
    double shortest_step;
    PublishedTraining training;
};

constexpr ByTask<S4Task> s4_tasks{{
    {{6, 256, 4, 0}, 1, "post", 1e-3, {32, 120000, 12000, 0.01, 0.05}},
    {{6, 256, 4, 0}, 1, "pre", 1e-3, {16, 50000, 5000, 0.01, 0.05}},
    {{6, 256, 4, 0}, 1, "pre", 1e-3, {64, 50000, 5000, 0.01, 0.05}},
    {{6, 512, 64, 0.1}, 1, "post", 1e-3, {50, 180000, 18000, 0.01, 0.05}},
    {{6, 256, 64, 0}, 0, "pre", 1e-3, {64, 500000, 50000, 0.004, 0.05}},
    {{6, 256, 64, 0}, 0, "pre", 1e-4, {16, 500000, 50000, 0.001, 0.05}},
}};

Preset s4_preset(LraTask task, const std::string& section) {
    const S4Task& of = row_of(s4_tasks, task);
    const std::string own =
        fmt::format("{}causal = false\nrows = {}\nlongest = {}\nstep_min = {}\nstep_max = 0.1\n",
                    block_options(task, of.norm, "batch"), of.rows, row_of(longest_steps, task),
                    of.shortest_step);
    return published_preset("s4", "Gu et al. 2022, S4-LegS",
                            state_space_preset(task, section, "s4", of.sizes, of.training,
                                               state_space_input(task, section, of.sizes.width),
                                               embedding(task, of.sizes.width), own));
}

struct DssTask {
    StateSpaceSizes sizes;
    const char* norm;
    const char* pooling;
    double shortest_step, longest_step;
    PublishedTraining training;
};

// Updates are epochs of the published training sets.
constexpr ByTask<DssTask> dss_tasks{{
    {{6, 128, 64, 0}, "post", "mean", 1e-3, 0.1, {50, 96000, 0, 0.01, 0.01}},
    {{4, 128, 64, 0}, "pre", "mean", 1e-3, 0.1, {50, 20000, 0, 0.01, 0}},
    {{6, 256, 64, 0}, "pre", "mean", 1e-3, 0.1, {64, 57450, 0, 0.002, 0}},
    {{6, 512, 64, 0.2}, "post", "mean", 1e-3, 0.1, {50, 180000, 0, 0.004, 0.01}},
    {{6, 256, 64, 0.1}, "pre", "last", 1e-3, 0.1, {100, 320000, 0, 0.004, 0}},
    {{6, 256, 64, 0}, "pre", "mean", 1e-4, 0.01, {16, 350000, 0, 5e-4, 0}},
}};

Preset dss_preset(LraTask task, const std::string& section) {
    constexpr int most_of_text = 2048;
    const DssTask& of = row_of(dss_tasks, task);
    const std::string own =
        fmt::format("{}causal = true\nlongest = {}\nstep_min = {}\nstep_max = {}\n",
                    block_options(task, of.norm, "batch"),
                    task == LraTask::text ? most_of_text : row_of(longest_steps, task),
                    of.shortest_step, of.longest_step);
    return published_preset("dss", "Gupta et al. 2022, DSS-softmax",
                            state_space_preset(task, section, "dss", of.sizes, of.training,
                                               state_space_input(task, section, of.sizes.width,
                                                                 most_of_text, of.pooling),
                                               embedding(task, of.sizes.width), own));
}

struct LiquidTask {
    StateSpaceSizes sizes;
    int degree;
    bool backward;
    const char* norm;
    const char* norm_kind;
    const char* pooling;
    double shortest_step, longest_step;
    PublishedTraining training;
};

// 7 states in the first two are 6 in the published code. Updates are epochs of the published
// training sets.
constexpr ByTask<LiquidTask> liquid_tasks{{
    {{9, 128, 6, 0.01}, 5, false, "pre", "batch", "mean", 2e-3, 0.2, {12, 320000, 0, 0.002, 0.03}},
    {{4, 128, 6, 0.1}, 6, false, "pre", "batch", "mean", 2e-3, 0.2, {8, 156250, 0, 0.003, 0.01}},
    {{6, 256, 64, 0.2}, 2, false, "pre", "batch", "mean", 1e-3, 0.1, {16, 183860, 0, 0.005, 0.05}},
    {{6, 512, 512, 0.1}, 3, true, "post", "layer", "mean", 2e-3, 0.2, {50, 180000, 0, 0.01, 0.03}},
    {{6, 256, 64, 0}, 2, false, "pre", "batch", "last", 1e-3, 0.1, {4, 8000000, 0, 0.004, 0.03}},
    {{6, 320, 64, 0}, 2, false, "pre", "batch", "mean", 1e-4, 0.1, {8, 1200000, 0, 0.001, 0.05}},
}};

Preset liquid_preset(LraTask task, const std::string& section) {
    const LiquidTask& of = row_of(liquid_tasks, task);
    const std::string own = fmt::format(
        "{}causal = false\nbackward = {}\ndegree = {}\nrows = 0\nlongest = {}\nstep_min = "
        "{}\nstep_max = {}\n",
        block_options(task, of.norm, of.norm_kind), of.backward, of.degree,
        row_of(longest_steps, task), of.shortest_step, of.longest_step);
    return published_preset(
        "liquid_s4_released", "Hasani et al. 2023",
        state_space_preset(
            task, section, "liquid_s4_released", of.sizes, of.training,
            state_space_input(task, section, of.sizes.width, text_length, of.pooling),
            embedding(task, of.sizes.width), own));
}

struct S4dTask {
    StateSpaceSizes sizes;
    int rows;  // sets of modes; 0: each feature has its own
    const char* norm;
    const char* norm_kind;
    double shortest_step;
    PublishedTraining training;
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
    const S4dTask& of = row_of(s4d_tasks, task);
    const std::string own = fmt::format(
        "{}causal = false\ninitial = \"lin\"\nrows = {}\nstep_min = {}\nstep_max = 0.1\n",
        block_options(task, of.norm, of.norm_kind), of.rows, of.shortest_step);
    return published_preset("s4d", "Gu et al. 2022, S4D-Lin",
                            state_space_preset(task, section, "s4d", of.sizes, of.training,
                                               state_space_input(task, section, of.sizes.width),
                                               embedding(task, of.sizes.width), own));
}

struct S5Task {
    StateSpaceSizes sizes;
    int blocks;
    const char* output;
    bool clips;
    double shortest_step;
    PublishedTraining training;
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
    const S5Task& of = row_of(s5_tasks, task);
    const std::string own = fmt::format(
        "causal = false\nblocks = {}\noutput = \"{}\"\nclip = {}\nnorm_kind = "
        "\"batch\"\nfinal_norm "
        "= false\nstep_min = {}\nstep_max = 0.1\n",
        of.blocks, of.output, of.clips, of.shortest_step);
    // Pixels from 0 to 1 become (x - 1/2) / (1/2).
    const bool is_centred = task == LraTask::pathfinder || task == LraTask::path_x;
    const std::string input =
        state_space_input(task, section, of.sizes.width) + (is_centred ? "centred = true\n" : "");
    return published_preset(
        "s5", "Smith et al. 2023",
        state_space_preset(task, section, "s5", of.sizes, of.training, input, "", own));
}

struct LruTask {
    StateSpaceSizes sizes;
    bool causal;
    double r_min, r_max, max_phase;
    PublishedTraining training;
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
    const LruTask& of = row_of(lru_tasks, task);
    const std::string own = fmt::format(
        "causal = {}\nr_min = {:.4f}\nr_max = {}\nmax_phase = {}\nnorm_kind = "
        "\"batch\"\nfinal_norm "
        "= false\n",
        of.causal, of.r_min, of.r_max, of.max_phase);
    const char* const source = task == LraTask::image
                                   ? "Orvieto et al. 2023, who had images in colour"
                                   : "Orvieto et al. 2023, learning rate not published";
    return published_preset(
        "lru", source,
        state_space_preset(task, section, "lru", of.sizes, of.training,
                           state_space_input(task, section, of.sizes.width), "", own));
}

}  // namespace

std::vector<Preset> published_state_spaces(LraTask task, const std::string& section) {
    return {s4_preset(task, section), s4d_preset(task, section), dss_preset(task, section),
            s5_preset(task, section), lru_preset(task, section), liquid_preset(task, section)};
}

}  // namespace elm
