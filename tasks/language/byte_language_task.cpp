// The next byte of a text, in windows of some steps: truncated backpropagation through time. Every
// window begins at rest, or, with `carries_state`, as the window before it in the text ended. Form:
// Hutter's enwik8, the first 10^8 bytes of a Wikipedia, of which the last 5 % are tested with and
// the 5 % before them validated on; scores are bits per character (byte), log2 of the perplexity.
// Published scores on enwik8 are mostly of what Transformer-XL's reader leaves of it, which is
// another task: newlines are gone, and 204 symbols are left (`reader = "published"`).

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/file_kind.h"
#include "tasks/language/byte_windows.h"
#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"
#include "tasks/sets/set_pictures.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(steps_option(256, 2));
    options.declare({.name = "reader",
                     .value = std::string("bytes"),
                     .help = "all bytes of the text, or those that the published reader of enwik8 "
                             "leaves: newlines are lost",
                     .choices = {"bytes", "published"}});
    options.declare({.name = "kinds",
                     .value = std::int64_t{256},
                     .help = "symbols that are told apart, as many as the text has",
                     .lowest = 1,
                     .highest = 256});
    return options;
}

void declare_state(OptionSet& options) {
    options.declare({.name = "carries_state",
                     .value = false,
                     .help = "a window begins with the state that the one before it left; the text "
                             "is read in as many places at once as a batch has samples"});
    options.declare({.name = "rest",
                     .value = 0.0,
                     .help = "probability that the windows of an update begin at rest all the same",
                     .lowest = 0,
                     .highest = 1});
    options.declare({.name = "rest_updates",
                     .value = std::int64_t{0},
                     .help = "updates over which that falls to it from 1",
                     .unit = "updates",
                     .lowest = 0,
                     .highest = 1e12});
}

std::optional<CarriedState> carried_state(const OptionSet& options) {
    const CarriedState carried{.rest = options.get<double>("rest"),
                               .rest_updates = number(options, "rest_updates")};
    if (options.get<bool>("carries_state")) return carried;
    ELM_CHECK(carried.rest == 0 && carried.rest_updates == 0,
              "rest and rest_updates are of a state that is carried: set carries_state = true.");
    return {};
}

bool is_published(const OptionSet& options) {
    return options.get<std::string>("reader") == "published";
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    std::error_code status;
    if (!std::filesystem::is_regular_file(path, status) || !begins_as_text(path)) return {};
    return open_byte_windows(path, number(options, "steps"),
                             is_published(options) ? ByteReader::published : ByteReader::bytes);
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    const SetColumn& texts = column_of(samples, "text");
    std::vector<double> spaces, kinds;
    for (std::int64_t k = 0; k < texts.samples(); ++k) {
        const auto text = texts.at<std::uint8_t>(k);
        spaces.push_back(static_cast<double>(std::count(text.begin(), text.end(), ' ')) /
                         static_cast<double>(text.size()));
        kinds.push_back(static_cast<double>(std::set(text.begin(), text.end()).size()));
    }
    SetStatistics table;
    table.add("share of spaces", spaces);
    table.add("different bytes in a window", kinds);
    return table;
}

/// The first windows.
TileFigure picture(const Values&, const SetColumns& samples) {
    constexpr std::int64_t most = 4, per_row = 2;
    const SetColumn& texts = column_of(samples, "text");
    TileFigure figure{.title = "Windows of a text: what is the next byte?"};
    for (std::int64_t k = 0; k < std::min(texts.samples(), most); ++k) {
        const auto bytes = texts.at<std::uint8_t>(k);
        if (k % per_row == 0) figure.rows.emplace_back();
        figure.rows.back().push_back(text_tile(fmt::format("{} bytes", bytes.size()), bytes));
    }
    return figure;
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const std::int64_t kinds = number(options, "kinds");
    SampleForm form{.input = one_hot(kinds),
                    .n_steps = number(options, "steps"),
                    .n_classes = kinds,
                    .pooling = Pooling::all,
                    .counts_bits = true,
                    .carried = carried_state(options)};
    form.input.name = is_published(options)
                          ? fmt::format("one-hot of {} symbols, newlines left out", kinds)
                          : "one-hot of bytes, newlines kept";
    return form;
}

/// The recipe of enwik8 of Spieler, Martius & Levina 2026, arXiv 2605.12049, and its public code:
/// 3.5 million parameters, 1.650 bits per symbol published. Where it differs: a stream begins at
/// rest when it comes to its beginning again, where theirs goes on from its end; and it is
/// tested in 8 streams, theirs in one.
constexpr const char* network = R"(
[byte-language]
steps = 100
reader = "published"
carries_state = true
rest = 0.01
rest_updates = 40000
[training]
batch = 8
budget = "300000u"
optimizer = "adam"
learning_rate = 5e-4
schedule = "cosine"
warmup_steps = 100
weight_decay = 0.0
clip_norm = 1.0
label_smoothing = 1e-4
[elm_network]
neurons = 440
num_memory = 30
output_memory = 3
branches = 50
synapses_per_branch = 15
recurrent_share = 0.8
memory_tau_min = 0.1
memory_tau_max = 100.0
lambda_value = 5.0
high_pass_tau = 2.0
input_scale = 10.0
input_gain = 3.0
update_penalty = 0.01
activity_penalty = 1.0
)";

}  // namespace

TaskEntry byte_language_task() {
    return sample_task({.name = "byte-language",
                        .summary = "the next byte of a text",
                        .source = "Hutter 2006, prize.hutter1.net (enwik8)",
                        .presets = {{"network",
                                     "ELM Network of 3.5 million parameters, newlines left out "
                                     "(Spieler et al. 2026; tested in 8 streams, theirs in one)",
                                     network}},
                        .needs_files = true,
                        .samples = SampleKind{.family = "byte-language",
                                              .learnt = {"text", "next"},
                                              .options = options,
                                              .statistics = statistics,
                                              .picture = picture,
                                              .open = open,
                                              .published = "a file of text",
                                              .declare_form = declare_state,
                                              .form = form}});
}

}  // namespace elm
