#include "kernels/io/option_set.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/nearest_name.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet set;
    set.declare({.name = "layers",
                 .value = std::int64_t{2},
                 .help = "hidden layers",
                 .lowest = 0,
                 .highest = 8});
    set.declare({.name = "tau_m",
                 .value = 20.0,
                 .help = "membrane time constant",
                 .unit = "ms",
                 .lowest = 0.1});
    set.declare({.name = "activation",
                 .value = std::string("relu"),
                 .help = "of hidden units",
                 .choices = {"relu", "silu"}});
    set.declare({.name = "bias", .value = true, .help = "add a constant"});
    return set;
}

std::string message_of(const std::string& name, const std::string& text) {
    try {
        options().set(name, text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "";
}

TEST(OptionSet, starts_from_defaults) {
    const OptionSet set = options();
    EXPECT_EQ(set.get<std::int64_t>("layers"), 2);
    EXPECT_EQ(set.get<double>("tau_m"), 20.0);
    EXPECT_EQ(set.get<std::string>("activation"), "relu");
    EXPECT_TRUE(set.get<bool>("bias"));
}

TEST(OptionSet, reads_each_type) {
    OptionSet set = options();
    set.set("layers", "6");
    set.set("tau_m", "1e1");
    set.set("activation", "silu");
    set.set("bias", "false");
    EXPECT_EQ(set.get<std::int64_t>("layers"), 6);
    EXPECT_EQ(set.get<double>("tau_m"), 10.0);
    EXPECT_EQ(set.get<std::string>("activation"), "silu");
    EXPECT_FALSE(set.get<bool>("bias"));
}

TEST(OptionSet, writes_what_it_reads) {
    OptionSet set = options();
    set.set("tau_m", "0.30000000000000004");
    OptionSet copy = options();
    for (const Option& option : set.options()) copy.set(option.name, set.text(option.name));
    EXPECT_EQ(copy.get<double>("tau_m"), 0.1 + 0.2);
    EXPECT_EQ(copy.text("bias"), "true");
}

TEST(OptionSet, refuses_unknown_names_and_says_the_nearest) {
    EXPECT_EQ(message_of("layrs", "1"), "there is no option layrs. Did you mean layers?");
    EXPECT_EQ(message_of("weight", "1").rfind("there is no option weight: expected ", 0), 0U);
}

TEST(OptionSet, refuses_text_of_another_type) {
    EXPECT_EQ(message_of("layers", "2.5"), "layers is '2.5', expected a whole number");
    EXPECT_EQ(message_of("tau_m", "fast"), "tau_m is 'fast', expected a number");
    EXPECT_EQ(message_of("tau_m", "3 ms"), "tau_m is '3 ms', expected a number");
    EXPECT_EQ(message_of("bias", "1"), "bias is '1', expected a boolean");
    EXPECT_NE(message_of("layers", ""), "");
}

TEST(OptionSet, refuses_values_out_of_range) {
    EXPECT_EQ(message_of("layers", "9"), "layers is 9, expected 0 to 8");
    EXPECT_EQ(message_of("tau_m", "-3"), "tau_m is -3 ms, expected at least 0.1 ms");
    EXPECT_NE(message_of("tau_m", "nan"), "");
    EXPECT_EQ(message_of("activation", "relo"),
              "activation is relo, expected relu or silu. Did you mean relu?");
}

TEST(OptionSet, keeps_its_value_when_a_new_one_is_refused) {
    OptionSet set = options();
    EXPECT_THROW(set.set("layers", "99"), Error);
    EXPECT_EQ(set.get<std::int64_t>("layers"), 2);
}

TEST(OptionSet, refuses_a_default_out_of_its_own_range) {
    OptionSet set;
    EXPECT_THROW(set.declare({.name = "rate", .value = -1.0, .help = "", .lowest = 0}), Error);
}

TEST(NearestName, counts_edits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("tau_ms", "tau_sm"), 1u) << "neighbours swapped";
}

TEST(NearestName, offers_the_closest_or_nothing) {
    const std::vector<std::string> names{"train", "evaluate", "simulate"};
    EXPECT_EQ(nearest_name("trian", names), "train");
    EXPECT_EQ(nearest_name("simulat", names), "simulate");
    EXPECT_EQ(nearest_name("x", names), "");
    EXPECT_EQ(nearest_name("plot", names), "");
}

}  // namespace
}  // namespace elm
