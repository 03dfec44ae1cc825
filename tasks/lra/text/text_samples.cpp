#include "tasks/lra/text/text_samples.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "baselines/two_towers.h"
#include "kernels/core/support/check.h"
#include "tasks/samples/sample_options.h"
#include "tasks/sets/set_pictures.h"

namespace elm {

Option most_length_option(std::int64_t bytes) {
    return whole_option("most_length", bytes, "bytes that are read of a text, from its beginning",
                        100);
}

OptionSet made_up_options(std::int64_t least_bytes, std::int64_t most_bytes) {
    OptionSet options;
    options.declare(whole_option("least_length", least_bytes, "bytes of the shortest text", 100));
    options.declare(most_length_option(most_bytes));
    return options;
}

SetGenerator made_up_generator(const OptionSet& options, const char* field,
                               int (*draw)(std::uint64_t seed, std::uint64_t index,
                                           std::int64_t least_length, std::int64_t most_length,
                                           std::string& text)) {
    const std::int64_t least = number(options, "least_length"),
                       most = number(options, "most_length");
    ELM_CHECK(least <= most, "least_length is {} and most_length {}: expected no less.", least,
              most);
    SetGenerator set;
    set.fields = {{.name = field, .ragged = true}, {.name = "label"}};
    set.draw = [=](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        thread_local std::string text;
        const int label = draw(seed, index, least, most, text);
        columns[0].add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
        columns[1].add(static_cast<std::uint8_t>(label));
    };
    return set;
}

InputEncoding byte_ids() {
    InputEncoding encoding{.name = "bytes, one-hot", .width = 257};
    for (std::int32_t byte = 0; byte < 256; ++byte) encoding.units.push_back(byte + 1);
    return encoding;
}

SetStatistics text_statistics(const SetColumns& samples, const char* field) {
    const SetColumn &texts = column_of(samples, field), &labels = column_of(samples, "label");
    std::vector<double> lengths;
    std::int64_t ones = 0;
    for (std::int64_t k = 0; k < texts.samples(); ++k) {
        lengths.push_back(static_cast<double>(texts.at<std::uint8_t>(k).size()));
        ones += labels.at<std::uint8_t>(k)[0];
    }
    SetStatistics table;
    table.add("length, bytes", lengths);
    table.add_share("label 1", ones, texts.samples(), {.mean = 0.5});
    return table;
}

TileFigure text_picture(const std::string& title, const SetColumns& samples, const char* field) {
    constexpr std::int64_t most = 4, per_row = 2;
    const SetColumn &texts = column_of(samples, field), &labels = column_of(samples, "label");
    TileFigure figure{.title = title};
    for (std::int64_t k = 0; k < std::min(texts.samples(), most); ++k) {
        const auto bytes = texts.at<std::uint8_t>(k);
        if (k % per_row == 0) figure.rows.emplace_back();
        figure.rows.back().push_back(text_tile(
            fmt::format("label {}, {} bytes", labels.at<std::uint8_t>(k)[0], bytes.size()), bytes));
    }
    return figure;
}

SampleForm text_form(const OptionSet& options, const SampleSource&) {
    return {.input = byte_ids(),
            .n_steps = number(options, "most_length"),
            .n_classes = 2,
            .pooling = pooling_of(options)};
}

void declare_pair_form(OptionSet& options) {
    const OptionSet head = towers_options();
    for (const Option& option : head.options()) options.declare(option);
}

SampleForm pair_form(const OptionSet& options, const SampleSource&) {
    SampleForm form{.input = byte_ids(),
                    .n_steps = number(options, "most_length"),
                    .n_classes = 2,
                    .pooling = Pooling::all};
    form.input.separator = 0;
    const Values all = to_values(options);
    const OptionSet head = towers_options();
    for (const Option& option : head.options()) form.towers[option.name] = all.at(option.name);
    return form;
}

}  // namespace elm
