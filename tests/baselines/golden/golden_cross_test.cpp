// Mixers that read another sequence, against numbers that the published code gave in float64 (Zhang
// et al. 2023, CAB), whose keys and values come from two sequences: here from parts of one.

#include "kernels/ops/basic/layout.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

constexpr std::int64_t part_width = 8, whole_width = 3 * part_width;

/// Of a linear map there: the part of a wide sequence that it reads, or, of the output, writes.
struct MapPart {
    const char* ours;
    const char* theirs;
    std::int64_t part;
};
constexpr MapPart map_parts[] = {{"query", "q_proj", 0},
                                 {"key", "k_proj", 1},
                                 {"value", "v_proj", 2},
                                 {"output", "out_proj", 0}};

class GoldenCross : public GoldenMixers {
protected:
    /// Parts of the whole width, of which the file has some; the others are zeros.
    Tensor widened(const std::map<std::int64_t, std::string>& inputs) {
        Context plain{stream_};
        std::vector<Var> parts(3);
        Shape shape{0};
        for (const auto& [part, name] : inputs) {
            parts[static_cast<std::size_t>(part)] = {tensor("inputs/" + name)};
            shape = parts[static_cast<std::size_t>(part)].value.shape();
        }
        for (Var& part : parts) {
            if (!part.value.defined()) part = {Tensor::zeros(stream_, shape, DType::f64)};
        }
        return concatenate(plain, parts, 2).value;
    }

    /// Index in a parameter of ours of element (row, column) of a map's weight, or of its bias.
    static std::size_t place(const MapPart& map, bool is_output, std::int64_t row,
                             std::int64_t column) {
        const std::int64_t at = is_output ? row * part_width + column
                                          : row * whole_width + map.part * part_width + column;
        return static_cast<std::size_t>(at);
    }

    void fill_maps(SequenceMixer& mixer, const std::map<std::string, Origin>& others) {
        for (const auto& [name, parameter] : mixer.parameters()) {
            if (others.contains(name)) {
                parameter->value.assign<double>(
                    stream_, in_our_order("parameters", others.at(name), parameter->shape));
                continue;
            }
            std::vector<double> values(static_cast<std::size_t>(parameter->shape.size()), 0.0);
            for_each_element(name, [&](std::size_t ours, std::size_t theirs, const auto& dataset) {
                values[ours] = read("parameters/" + dataset)[theirs];
            });
            parameter->value.assign<double>(stream_, values);
        }
    }

    /// use(index of ours, index of theirs, dataset) for each element of one of the maps.
    template <class Use>
    static void for_each_element(const std::string& name, const Use& use) {
        for (const MapPart& map : map_parts) {
            const bool is_output = std::string(map.ours) == "output";
            for (std::int64_t row = 0; row < part_width; ++row) {
                if (name == map.ours + std::string(".bias")) {
                    use(static_cast<std::size_t>(row), static_cast<std::size_t>(row),
                        map.theirs + std::string(".bias"));
                }
                if (name != map.ours + std::string(".weight")) continue;
                for (std::int64_t column = 0; column < part_width; ++column) {
                    use(place(map, is_output, row, column),
                        static_cast<std::size_t>(row * part_width + column),
                        map.theirs + std::string(".weight"));
                }
            }
        }
    }

    void expect_cross(const std::string& name, bool causal, const Tensor& counts,
                      const std::map<std::string, Origin>& others,
                      const std::vector<PublishedOption>& more) {
        OptionSet options = find_mixer(name).options();
        options.set("heads", "2");
        options.set("attention_width", "8");
        for (const auto& [option, text] : more) options.set(option, text);
        const auto mixer = find_mixer(name).make(options, {.width = whole_width, .causal = causal});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        fill_maps(*mixer, others);
        const Tensor sequence = widened({{0, "query"}});
        const Tensor source = widened({{1, "key"}, {2, "value"}});
        const Parameter target_leaf{sequence, Tensor::zeros(stream_, sequence.shape(), DType::f64)};
        const Parameter source_leaf{source, Tensor::zeros(stream_, source.shape(), DType::f64)};
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Var whole = mixer->mix(context, {.sequence = tape.leaf(target_leaf),
                                               .context = tape.leaf(source_leaf),
                                               .context_lengths = counts,
                                               .causal = causal});
        const Var output = slice(context, whole, 2, 0, part_width);
        expect_close(output.value, read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        Context plain{stream_};
        const auto part_of = [&](const Parameter& leaf, std::int64_t part) {
            return slice(plain, {leaf.gradient}, 2, part * part_width, (part + 1) * part_width)
                .value;
        };
        expect_close(part_of(target_leaf, 0), read("grad_inputs/query"), gradient_error, "query");
        expect_close(part_of(source_leaf, 1), read("grad_inputs/key"), gradient_error, "key");
        expect_close(part_of(source_leaf, 2), read("grad_inputs/value"), gradient_error, "value");
        expect_map_gradients(*mixer, others);
    }

    void expect_map_gradients(SequenceMixer& mixer, const std::map<std::string, Origin>& others) {
        for (const auto& [name, parameter] : mixer.parameters()) {
            if (!parameter->trainable) continue;
            if (others.contains(name)) {
                expect_close(parameter->gradient,
                             in_our_order("gradients", others.at(name), parameter->shape),
                             gradient_error, name);
                continue;
            }
            const std::vector<double> all = values_of(parameter->gradient);
            std::vector<double> found, expected;
            for_each_element(name, [&](std::size_t ours, std::size_t theirs, const auto& dataset) {
                found.push_back(all[ours]);
                expected.push_back(read("gradients/" + dataset)[theirs]);
            });
            const Shape row{std::ssize(found)};
            expect_close(tensor_of(stream_, row, DType::f64, found), expected, gradient_error,
                         name);
        }
    }
};

TEST_F(GoldenCross, exact_attention_of_another_sequence_is_that_of_cab) {
    open("/cab/vanilla/noncausal_cross");
    expect_cross("attention", false, lengths("key_padding_mask", 0), {}, {});
    open("/cab/vanilla/causal_cross");
    expect_cross("attention", true, {}, {}, {});
}

TEST_F(GoldenCross, abc_of_another_sequence_is_that_of_cab) {
    const std::map<std::string, Origin> controls{{"key_control", {"compress_k", true}},
                                                 {"value_control", {"compress_v", true}}};
    open("/cab/abc/noncausal_cross");
    expect_cross("abc", false, lengths("key_padding_mask", 0), controls, {{"slots", "5"}});
    open("/cab/abc/causal_cross");
    expect_cross("abc", true, {}, controls, {{"slots", "5"}});
}

TEST_F(GoldenCross, performer_of_another_sequence_is_that_of_cab) {
    for (const auto& [group, causal] : {std::pair{"/cab/performer/noncausal_cross", false},
                                        {"/cab/performer/causal_cross", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_cross("performer", causal, {}, {{"projection", {"/constants/projection"}}},
                     {{"random_features", "20"}, {"mode", "release"}});
    }
}

/// Angles are those of the longer of the two sequences.
TEST_F(GoldenCross, cosformer_of_another_sequence_is_that_of_cab) {
    for (const auto& [group, longest] : {std::pair{"/cab/cosformer/noncausal_cross_S11", "16"},
                                         {"/cab/cosformer/noncausal_cross_S21", "21"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_cross("cosformer", false, {}, {}, {{"longest", longest}});
    }
}

}  // namespace
}  // namespace elm::test
