// The next byte of a text, in windows of some steps, each read from rest: truncated
// backpropagation through time. Form: Hutter's enwik8, the first 10^8 bytes of a Wikipedia, of
// which the last 5 % are tested with and the 5 % before them validated on; scores are bits per
// character (byte), log2 of the perplexity.

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

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
    return options;
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    std::error_code status;
    if (!std::filesystem::is_regular_file(path, status) || !begins_as_text(path)) return {};
    return open_byte_windows(path, number(options, "steps"));
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
    return {.input = one_hot(256),
            .n_steps = number(options, "steps"),
            .n_classes = 256,
            .pooling = Pooling::all,
            .counts_bits = true};
}

}  // namespace

TaskEntry byte_language_task() {
    return sample_task({.name = "byte-language",
                        .summary = "the next byte of a text",
                        .source = "Hutter 2006, prize.hutter1.net (enwik8)",
                        .needs_files = true,
                        .samples = SampleKind{.family = "byte-language",
                                              .learnt = {"text", "next"},
                                              .options = options,
                                              .statistics = statistics,
                                              .picture = picture,
                                              .open = open,
                                              .published = "a file of text",
                                              .form = form}});
}

}  // namespace elm
