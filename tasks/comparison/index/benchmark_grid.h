#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/value.h"
#include "kernels/modules/sequence_model.h"
#include "tasks/comparison/index/compositional_index.h"

/// Which tasks a benchmark of mixers has in each pattern of attention, and which mixers there are.
/// Source: Zhang et al. 2023, arXiv 2210.07661; tasks/attention_benchmark stands for its data.
namespace elm {

/// The four patterns: of the sequence itself or of another one, in both directions or causally.
inline constexpr const char *self_noncausal = "NS", *self_causal = "CS", *cross_noncausal = "NC",
                            *cross_causal = "CC";

/// Where the mixer stands: in all blocks of a stack, or in one role of an encoder-decoder, all else
/// of which is exact attention.
enum class Seat : std::uint8_t { blocks, encoder, decoder, cross };
std::string_view name_of(Seat seat) noexcept;

/// A task in a pattern.
struct BenchmarkCell {
    std::string pattern, task;
    Seat seat = Seat::blocks;
    Values task_options = {};  // besides the tier
    bool counts = true;        // in the index; others are for the benefit of mixing alone

    bool is_causal() const { return pattern == self_causal || pattern == cross_causal; }
    /// "NS/mlm-syn"
    std::string name() const { return pattern + "/" + task; }
};
const std::vector<BenchmarkCell>& benchmark_cells();

/// A mixer by the name that the benchmark has for it, or any registered model.
struct MixerChoice {
    std::string name;
    std::string model;  // of the registry, with the mixer in all of its blocks
    std::string mixer;  // of the registry, for an encoder-decoder; empty: it has none
    bool is_control = false;
};
inline constexpr const char *vanilla_mixer = "vanilla", *no_mixer = "identity", *wide_mixer = "mlp",
                            *window_mixer = "window-3";
/// Attention that keeps its matrix of weights: what costs are held against beside the vanilla one.
inline constexpr const char *plain_mixer = "plain", *plain_model = "plain_transformer";
/// The model of all seats but those in blocks.
inline constexpr const char* two_stack_model = "encoder_decoder";
const std::vector<MixerChoice>& benchmark_mixers();
/// Throws Error{invalid} with the nearest name for one that is neither a mixer nor a model.
MixerChoice find_choice(const std::string& name);

/// The metrics of an index of a pattern, of plain values or, where they are errors or perplexities,
/// of logarithms.
std::vector<IndexMetric> index_metrics(std::string_view pattern, bool of_logarithms);

/// A model with a mixer in its seat.
struct SeatedModel {
    std::string model;
    Values options;
    std::string unsupported = {};  // why the mixer cannot have this seat; empty: it can
};
/// `given`: options that a user chose for the model; `shape`, `suited`: of the task.
SeatedModel seat(const BenchmarkCell& cell, const MixerChoice& choice, const Values& given,
                 const SequenceShape& shape, const Values& suited);

}  // namespace elm
