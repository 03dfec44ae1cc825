// DSS (Gupta et al. 2022) and GSS (gated-state-spaces-pytorch) against published code.

#include "baselines/mixers/state_space/hippo.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

/// Column `which` of an array of `columns`.
Origin column(const std::string& name, std::size_t which, std::size_t columns) {
    return [=](const Read& read) {
        const Numbers values = read(name);
        Numbers result;
        for (std::size_t i = which; i < values.size(); i += columns) result.push_back(values[i]);
        return result;
    };
}

Origins dss_origins(const std::string& decay, const Origin& decay_values,
                    const std::string& frequency, const Origin& frequency_values, bool separate) {
    return {{"log_step", separate ? planes("kernel.log_dt") : same("kernel.log_dt")},
            {decay, decay_values},
            {frequency, frequency_values},
            {"output_weight", planes("kernel.W")},
            {"skip", same("D")},
            {"output.gate.weight", same("output_linear.weight")},
            {"output.gate.bias", same("output_linear.bias")}};
}

TEST_F(GoldenStateSpaces, dss_with_a_softmax_is_that_of_its_authors) {
    const Origin real = column("kernel.Lambda", 0, 2), imag = column("kernel.Lambda", 1, 2);
    const Options options{{"states", "6"}, {"longest", "32"}};
    MixerCase expected{.mixer = "dss",
                       .options = options,
                       .origins = dss_origins("rate", real, "frequency", imag, true),
                       .time_last = true};
    expect_mixer("dss_softmax", expected);
    expected.origins = dss_origins("rate", real, "frequency", imag, false);
    expected.options.emplace_back("separate_steps", "false");
    expected.causal = false;
    expect_mixer("dss_softmax_tied_dt_bidirectional", expected);
}

/// There, what is divided out of a mode that grows has no share in the gradients of its rate.
TEST_F(GoldenStateSpaces, dss_with_modes_that_grow_is_that_of_its_authors) {
    const Origin real = column("kernel.Lambda", 0, 2), imag = column("kernel.Lambda", 1, 2);
    expect_mixer("dss_softmax_positive_real",
                 {.mixer = "dss",
                  .options = {{"states", "6"}, {"longest", "32"}},
                  .origins = dss_origins("rate", real, "frequency", imag, true),
                  .time_last = true,
                  .other_gradients = {"rate", "frequency", "log_step"}});
}

TEST_F(GoldenStateSpaces, dss_without_a_softmax_is_that_of_its_authors) {
    for (const auto& [group, logarithms] : {std::pair{"dss_exp", false}, {"dss_exp_re_im", true}}) {
        const std::string stored = logarithms ? "Lambda_log_im" : "Lambda_im";
        expect_mixer(group, {.mixer = "dss",
                             .options = {{"states", "6"},
                                         {"gain", "zero_order_hold"},
                                         {"log_frequency", logarithms ? "true" : "false"}},
                             .origins = dss_origins("log_decay", same("kernel.Lambda_log_neg_re"),
                                                    logarithms ? "log_frequency" : "frequency",
                                                    same("kernel." + stored), true),
                             .time_last = true});
    }
}

/// There rates are stored as they are and none is near 0, where they are clipped.
TEST_F(GoldenStateSpaces, dss_with_clipped_rates_is_that_of_its_authors) {
    const Origin real = column("kernel.Lambda", 0, 2);
    // log(-Re a), whose gradient is Re a times that of Re a.
    const Origin log_decay = [this, real](const Read& read) {
        const Numbers rates = real(reader("parameters"));
        Numbers values = real(read);
        const bool are_rates = values == rates;
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = are_rates ? std::log(-rates[i]) : rates[i] * values[i];
        }
        return values;
    };
    expect_mixer("dss_clip", {.mixer = "dss",
                              .options = {{"states", "6"}, {"gain", "zero_order_hold"}},
                              .origins = dss_origins("log_decay", log_decay, "frequency",
                                                     column("kernel.Lambda", 1, 2), true),
                              .time_last = true});
}

/// First modes, which their code finds in float32: of a matrix with as many rows as the name says,
/// half as many modes and their conjugates.
TEST_F(GoldenStateSpaces, dss_begins_with_the_modes_of_its_authors) {
    group_ = "/dss_skew_eigenvalues";
    for (const std::int64_t rows : {8, 16, 128}) {
        const Numbers theirs = transposed(read("evals_N" + std::to_string(rows)), 2);
        Numbers frequencies(theirs.begin() + rows, theirs.end());
        std::sort(frequencies.begin(), frequencies.end());
        const Numbers ours = legendre_modes(rows / 2).frequency;
        Numbers both;
        for (auto one = ours.rbegin(); one != ours.rend(); ++one) both.push_back(-*one);
        both.insert(both.end(), ours.begin(), ours.end());
        EXPECT_EQ(difference_above(both, frequencies, 1e-6 * frequencies.back()), "") << rows;
    }
}

TEST_F(GoldenStateSpaces, gss_is_that_of_its_reimplementation) {
    MixerCase expected{
        .mixer = "gss",
        .options = {{"states", "6"}, {"kernel_width", "4"}},
        .origins = {{"gate.weight", same("to_u.0.weight")},
                    {"narrow.weight", same("to_v.0.weight")},
                    {"norm.weight", same("dss.norm.weight")},
                    {"norm.bias", same("dss.norm.bias")},
                    {"log_decay", same("dss.Lambda_real")},
                    {"log_frequency", same("dss.Lambda_imag")},
                    {"output_weight", stacked(same("dss.C_real"), same("dss.C_imag"))},
                    {"skip", same("dss.param_D")},
                    {"widen.weight", same("to_gate.weight")},
                    {"output.weight", same("to_out.weight")},
                    {"output.bias", same("to_out.bias")}},
        .residual = true};
    expect_mixer("gss_layer", expected);
    expected.backwards = true;
    expected.steps = "";
    expect_mixer("gss_layer_reversed", expected);
}

}  // namespace
}  // namespace elm::test::state_space
