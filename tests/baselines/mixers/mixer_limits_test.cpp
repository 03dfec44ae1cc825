// Limits in which mixers are exact attention, and the patterns of the published ones.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/baselines/mixers/living_mixer.h"

namespace elm::test::mixing {
namespace {

/// The nine attentions of Zhang et al. 2023, table of their patterns: none that they have is
/// missing here.
TEST(MixerPatternTable, has_the_patterns_of_the_published_attentions) {
    const std::pair<const char*, const char*> published[] = {{"attention", "NS CS NC CC"},
                                                             {"local_attention", "NS CS"},
                                                             {"abc", "NS CS NC CC"},
                                                             {"lara", "NS"},
                                                             {"cosformer", "NS NC"},
                                                             {"performer", "NS NC CC"},
                                                             {"nystrom", "NS"},
                                                             {"prob_sparse", "NS"},
                                                             {"long_short", "NS CS"},
                                                             {"s4d", "NS CS"}};
    for (const auto& [mixer, names] : published) {
        for (const MixerPattern& pattern : all_patterns) {
            if (std::string(names).find(pattern.name()) == std::string::npos) continue;
            EXPECT_TRUE(pattern.is_known(mixer_for(mixer, pattern)->traits()))
                << mixer << " " << pattern.name();
        }
    }
}

/// The kernel that keeps no matrix computes what its definition says.
TEST(PlainAttention, is_exact_attention_in_each_pattern) {
    for (const MixerPattern& pattern : all_patterns) {
        LivingMixer exact({"attention", pattern}), plain({"plain_attention", pattern});
        copy_parameters(plain, exact);
        const auto run = [&](LivingMixer& living) {
            return living.run(living.input(sequence_values(), source_values()));
        };
        EXPECT_CLOSE(run(plain), run(exact), {.terms = longest_sum}) << pattern.name();
    }
}

TEST(MixersInTheLimit, a_window_of_all_steps_is_exact_attention) {
    for (const bool causal : {false, true}) {
        const MixerPattern pattern{.is_cross = false, .causal = causal};
        LivingMixer exact({"attention", pattern});
        LivingMixer local({"local_attention", pattern}, {{"window", std::to_string(steps)}});
        copy_parameters(local, exact);
        EXPECT_CLOSE(local.run(local.input(sequence_values(), {})),
                     exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
    }
}

/// A pattern that lists all steps, in either direction.
TEST(MixersInTheLimit, patterns_that_list_all_steps_are_exact_attention) {
    const std::string all = std::to_string(steps), twice = std::to_string(2 * steps);
    struct Complete {
        const char* mixer;
        bool causal;
        ChosenOptions options;
    };
    const Complete complete[] = {
        {"sparse", true, {{"block", all}, {"summary", "1"}}},
        {"sparse", true, {{"block", all}, {"summary", all}}},
        {"sparse", false, {{"block", all}, {"summary", "1"}}},
        {"sparse", true, {{"block", "1"}, {"summary", "1"}, {"pattern", "strided"}}},
        {"longformer", false, {{"window", twice}}},
        {"longformer", true, {{"window", twice}}},
        // Three blocks: the first, the last, and the one between them.
        {"bigbird", false, {{"block", "3"}, {"random_blocks", "1"}}}};
    for (const Complete& one : complete) {
        const MixerPattern pattern{.is_cross = false, .causal = one.causal};
        LivingMixer exact({"attention", pattern});
        LivingMixer listed({one.mixer, pattern}, one.options);
        copy_parameters(listed, exact);
        EXPECT_CLOSE(listed.run(listed.input(sequence_values(), {})),
                     exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum})
            << one.mixer << (one.causal ? ", causal" : "");
    }
}

/// With all steps global, and their own maps as those of the others.
TEST(MixersInTheLimit, global_steps_alone_are_exact_attention) {
    LivingMixer exact({"attention", both_directions});
    LivingMixer global({"longformer", both_directions},
                       {{"window", "1"}, {"global_steps", "0,1,2,3,4,5,6,7,8"}});
    copy_parameters(global, exact);
    copy_parameters(global, exact, "global.");
    EXPECT_CLOSE(global.run(global.input(sequence_values(), {})),
                 exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
}

/// What each step alone makes of itself: its value, through the output map.
Numbers values_of_steps(LivingMixer& attention) {
    const Numbers all = sequence_values();
    Numbers own;
    for (std::int64_t step = 0; step < steps; ++step) {
        const Numbers one(all.begin() + step * width, all.begin() + (step + 1) * width);
        const Numbers made = attention.run(attention.input(one, {}));
        own.insert(own.end(), made.begin(), made.end());
    }
    return own;
}

/// A window of one step reads its own value: attention without scores to compare.
TEST(MixersInTheLimit, a_window_of_one_step_reads_its_own_value) {
    LivingMixer exact({"attention", both_directions});
    LivingMixer narrow({"longformer", both_directions}, {{"window", "1"}});
    copy_parameters(narrow, exact);
    EXPECT_CLOSE(narrow.run(narrow.input(sequence_values(), {})), values_of_steps(exact),
                 {.terms = longest_sum});
}

/// Exact attention whose queries are 0 reads the mean of the values.
void read_the_mean(LivingMixer& attention) {
    for (const auto& [name, parameter] : attention.mixer->parameters()) {
        if (name.starts_with("query.")) {
            initialise::constant(0)(attention.stream, parameter->value, {});
        }
    }
}

/// As many mixtures as steps, each of one of them; and one that is the mean.
TEST(MixersInTheLimit, mixtures_of_single_steps_are_exact_and_one_mixture_is_the_mean) {
    const std::string all = std::to_string(steps);
    LivingMixer exact({"attention", both_directions});
    const auto run = [&](const std::string& rank, const std::function<double(int, int)>& element) {
        LivingMixer mixed({"linformer", both_directions}, {{"longest", all}, {"rank", rank}});
        copy_parameters(mixed, exact);
        for (const auto& [name, parameter] : mixed.mixer->parameters()) {
            if (name != "projection") continue;
            Numbers values;
            for (int step = 0; step < steps; ++step) {
                for (int k = 0; k < std::stoi(rank); ++k) values.push_back(element(step, k));
            }
            parameter->value.assign<double>(mixed.stream, values);
        }
        return mixed.run(mixed.input(sequence_values(), {}));
    };
    EXPECT_CLOSE(run(all, [](int step, int k) { return step == k ? 1.0 : 0.0; }),
                 exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
    read_the_mean(exact);
    EXPECT_CLOSE(run("1", [](int, int) { return 1.0 / steps; }),
                 exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
}

/// Learned scores of 0 are none, and without products either all steps count alike.
TEST(MixersInTheLimit, a_synthesizer_without_scores_is_exact_attention_or_the_mean) {
    for (const bool causal : {false, true}) {
        const MixerPattern pattern{.is_cross = false, .causal = causal};
        LivingMixer exact({"attention", pattern}), learned({"synthesizer", pattern});
        for (const auto& [name, parameter] : learned.mixer->parameters()) {
            if (name == "random") initialise::constant(0)(learned.stream, parameter->value, {});
        }
        copy_parameters(learned, exact);
        EXPECT_CLOSE(learned.run(learned.input(sequence_values(), {})),
                     exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
        read_the_mean(exact);
        copy_parameters(learned, exact);
        const Numbers own = values_of_steps(exact);
        const Numbers found = learned.run(learned.input(sequence_values(), {}));
        for (std::int64_t step = 0; step < steps; ++step) {
            const std::int64_t count = causal ? step + 1 : steps;
            Numbers expected(width, 0.0);
            for (std::int64_t i = 0; i < count * width; ++i) {
                expected[static_cast<std::size_t>(i % width)] +=
                    own[static_cast<std::size_t>(i)] / static_cast<double>(count);
            }
            EXPECT_CLOSE(Numbers(found.begin() + step * width, found.begin() + (step + 1) * width),
                         expected, {.terms = longest_sum});
        }
    }
}

/// Without control every slot is the mean of the keys, and of the values, so far.
TEST(MixersInTheLimit, slots_without_control_are_the_mean) {
    for (const bool causal : {false, true}) {
        const MixerPattern pattern{.is_cross = false, .causal = causal};
        LivingMixer exact({"attention", pattern}), slots({"abc", pattern}, {{"slots", "3"}});
        copy_parameters(slots, exact);
        for (const auto& [name, parameter] : slots.mixer->parameters()) {
            if (name.ends_with("_control")) {
                initialise::constant(0)(slots.stream, parameter->value, {});
            }
        }
        read_the_mean(exact);
        EXPECT_CLOSE(slots.run(slots.input(sequence_values(), {})),
                     exact.run(exact.input(sequence_values(), {})), {.terms = longest_sum});
    }
}

/// Lists of keys that a mixer keeps are those of the sequence at hand.
TEST(MixersWithKeyLists, forget_the_sequence_before) {
    const std::pair<const char*, ChosenOptions> mixers[] = {
        {"bigbird", {{"block", "2"}, {"random_blocks", "1"}}},
        {"bigbird", {{"block", "2"}, {"random_blocks", "1"}, {"mode", "release"}}},
        {"longformer", {{"window", "3"}, {"global_steps", "0,-1"}}},
        {"local_attention", {{"block", "3"}, {"look_back", "1"}}},
        {"local_attention", {{"block", "3"}, {"mode", "release"}}},
        {"sparse", {{"block", "3"}, {"summary", "1"}}},
        {"sparse", {{"block", "3"}, {"summary", "1"}, {"pattern", "strided"}}}};
    Stream host{Device{}};
    for (const auto& [name, options] : mixers) {
        SCOPED_TRACE(name);
        LivingMixer used({name, both_directions}, options);
        for (const auto& [count, length] : {std::pair{9, 9}, {7, 7}, {9, 6}, {9, 9}, {9, 7}}) {
            LivingMixer fresh({name, both_directions}, options);
            const auto run = [&, count = count, length = length](LivingMixer& living) {
                MixerInput input = living.input(sequence_values(count), {});
                const std::vector<std::int32_t> lengths{length};
                input.lengths = Tensor::from<std::int32_t>(host, {1}, lengths);
                return first_rows(living.run(input), length);
            };
            EXPECT_EQ(run(used), run(fresh)) << count << " steps of which count " << length;
        }
    }
}

/// The error of m random features falls as 1 / sqrt(m): 4,096 of them come within 2 %.
TEST(MixersInTheLimit, many_random_features_come_near_to_exact_attention) {
    LivingMixer exact({"attention", both_directions}, {{"heads", "1"}});
    LivingMixer many({"performer", both_directions}, {{"heads", "1"}, {"random_features", "4096"}});
    copy_parameters(many, exact);
    for (const auto& [name, parameter] : many.mixer->parameters()) {
        if (name == "key.bias") {
            parameter->value.assign<double>(many.stream, Numbers(width, 0.0));
        }
    }
    const Numbers found = many.run(many.input(sequence_values(), {}));
    const Numbers wanted = exact.run(exact.input(sequence_values(), {}));
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        difference += (found[i] - wanted[i]) * (found[i] - wanted[i]);
        size += wanted[i] * wanted[i];
    }
    EXPECT_LT(std::sqrt(difference / size), 0.02);
}

}  // namespace
}  // namespace elm::test::mixing
