// Identities of MEGA: its averages, its chunks and its bias of the distance.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "baselines/mixers/attention/distance_bias.h"
#include "tests/baselines/mixers/written_out.h"

namespace elm::test::mixing {
namespace {

/// As convolutions, by transforms; without, as recurrences.
TEST(MegaIdentities, averages_of_mega_that_reach_all_steps_are_not_cut_off) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        LivingMixer whole({"mega", pattern});
        const Numbers wanted = whole.run(whole.input(sequence_values(), {}));
        for (const std::int64_t reach : {steps, 2 * steps}) {
            LivingMixer cut({"mega", pattern}, {{"truncation", std::to_string(reach)}});
            copy_parameters(cut, whole);
            EXPECT_CLOSE(cut.run(cut.input(sequence_values(), {})), wanted, {.terms = longest_sum});
        }
    }
}

/// A softmax of one score is 1, whatever queries and keys are.
TEST(MegaIdentities, chunks_of_mega_of_one_step_read_its_own_value) {
    for (const char* const chunk : {"1", "3"}) {
        LivingMixer living({"mega", causally}, {{"attention", "softmax"}, {"chunk", chunk}});
        const Numbers before = living.run(living.input(sequence_values(), {}));
        set_all(living.stream, *living.mixer, "gain", 3);
        const Numbers after = living.run(living.input(sequence_values(), {}));
        if (std::string(chunk) == "1") {
            EXPECT_CLOSE(after, before, {.terms = longest_sum});
        } else {
            EXPECT_NE(difference_above(after, before, 1e-4), "");
        }
    }
}

/// A softmax does not see what is added to all scores of a row; laplace's function does.
TEST(MegaIdentities, distances_of_mega_may_be_moved_under_a_softmax) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        for (const char* const kind : {"softmax", "laplace"}) {
            LivingMixer living({"mega", pattern}, {{"attention", kind}});
            const Numbers before = living.run(living.input(sequence_values(), {}));
            Numbers distances = values_in(*living.mixer, "bias.distances");
            for (double& number : distances) number += 0.7;
            set(living.stream, *living.mixer, "bias.distances", distances);
            const Numbers after = living.run(living.input(sequence_values(), {}));
            if (std::string(kind) == "softmax") {
                EXPECT_CLOSE(after, before, {.terms = longest_sum});
            } else {
                EXPECT_NE(difference_above(after, before, 1e-4), "");
            }
        }
    }
}

TEST(MegaIdentities, turned_vectors_of_mega_make_a_bias_of_the_distance) {
    constexpr std::size_t n = 6;
    OptionSet options;
    DistanceBias::declare(options);
    options.set("rotary", "true");
    DistanceBias bias(options, width, 0);
    Stream stream{Device{}};
    const FlatParameters flat = allocate_parameters(stream, bias, DType::f64, {7});
    for (const char* const name : {"left", "right"}) {
        set(stream, bias, name, random_values(width, -1, 1, {3, 0, name[0] == 'l' ? 1U : 2U}));
    }
    Context context{stream};
    const Numbers table = values_of(bias.table(context, 0, n).value);
    Numbers moved, expected;
    for (std::size_t i = 0; i + 1 < n; ++i) {
        for (std::size_t j = 0; j + 1 < n; ++j) {
            expected.push_back(table[i * n + j]);
            moved.push_back(table[(i + 1) * n + j + 1]);
        }
    }
    EXPECT_CLOSE(moved, expected, {.terms = width});
    EXPECT_GT(std::abs(table[0] - table[1]), 1e-3);
}

}  // namespace
}  // namespace elm::test::mixing
