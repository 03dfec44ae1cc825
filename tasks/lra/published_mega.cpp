#include "tasks/lra/published_mega.h"

#include <fmt/format.h>

#include "tasks/lra/published_preset.h"

namespace elm {
namespace {

struct MegaTask {
    int layers, width, value_width, shared_width;  // perceptrons are as wide as values
    const char* attention;
    const char* norm;
    double dropout;
    int readout_hidden;
    int truncation, longest, chunk;  // steps
    PublishedTraining training;
};

constexpr ByTask<MegaTask> mega_tasks{{
    {6, 80, 160, 64, "softmax", "post", 0.1, 160, 1024, 2002, 128, {64, 90000, 3000, 1e-3, 0.01}},
    {4, 128, 256, 64, "softmax", "post", 0.1, 256, 1024, 4002, 128, {50, 25000, 10000, 4e-3, 0.01}},
    {6, 128, 256, 64, "softmax", "post", 0.1, 256, 1024, 4002, 128, {64, 91960, 10000, 3e-3, 0.04}},
    {8, 160, 320, 96, "laplace", "pre", 0, 320, 1024, 1024, 128, {50, 180000, 9000, 0.01, 0.02}},
    {6, 128, 256, 64, "laplace", "pre", 0, 256, 1024, 1024, 128, {128, 250000, 50000, 0.01, 0.01}},
    {4, 64, 128, 32, "laplace", "pre", 0, 128, 4096, 16384, 4096, {128, 125000, 25000, 0.01, 0.01}},
}};

std::string mega_input(LraTask task, const MegaTask& of) {
    switch (task) {
        case LraTask::listops:
            return "vocabulary = \"release\"\npooling = \"mean\"\n";
        case LraTask::text:
            return "most_length = 4000\npooling = \"mean\"\n";
        case LraTask::retrieval:
            return fmt::format("most_length = 4000\nlatent = {}\nhidden = {}\npooling = \"mean\"\n",
                               of.width, of.readout_hidden);
        case LraTask::pathfinder:
        case LraTask::path_x:
            return "encoding = \"value\"\ncentred = true\npooling = \"mean\"\n";
        default:
            return "encoding = \"value\"\npooling = \"mean\"\n";
    }
}

Preset mega_preset(const char* model, bool in_chunks, LraTask task, const std::string& section) {
    const MegaTask& of = row_of(mega_tasks, task);
    const std::string embedding =
        has_tokens(task) ? fmt::format("[front_end]\nkind = \"embedding\"\nwidth = {}\n", of.width)
                         : "";
    return published_preset(
        model, "Ma et al. 2022, with layer norms",
        fmt::format(R"([{}]
{}{}{}{}[{}]
input = "{}"
causal = false
norm = "{}"
activation = "silu"
layers = {}
width = {}
mlp_width = {}
value_width = {}
shared_width = {}
attention = "{}"
states = 16
truncation = {}
longest = {}
chunk = {}
readout_hidden = {}
dropout = {}
)",
                    section, published_split(task, section), mega_input(task, of),
                    training_section(of.training, "cosine",
                                     "beta2 = 0.98\nepsilon = 1e-8\nclip_norm = 1.0\n"),
                    embedding, model, has_tokens(task) ? "none" : "linear", of.norm, of.layers,
                    of.width, of.value_width, of.value_width, of.shared_width, of.attention,
                    of.truncation, of.longest, in_chunks ? of.chunk : 0,
                    task == LraTask::retrieval ? 0 : of.readout_hidden, of.dropout));
}

}  // namespace

std::vector<Preset> published_mega(LraTask task, const std::string& section) {
    return {mega_preset("mega", false, task, section),
            mega_preset("mega_chunk", true, task, section)};
}

}  // namespace elm
