#include "tasks/lra/text/text_samples.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "baselines/pairs/two_towers.h"
#include "kernels/core/support/check.h"
#include "tasks/lra/text/characters.h"
#include "tasks/lra/training_sample_visit.h"
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

void declare_vocabulary(OptionSet& options, std::int64_t least_count) {
    options.declare(
        {.name = "vocabulary",
         .value = std::string("bytes"),
         .help = "steps of a text: bytes, as Long Range Arena has them; characters with an end, by "
                 "how often they occur, as S4 has them",
         .choices = {"bytes", "characters"}});
    options.declare(whole_option("least_count", least_count,
                                 "how often a character occurs in what is trained on, or it is an "
                                 "unknown one",
                                 1));
}

std::int64_t most_bytes_of_unit(const OptionSet& options) {
    constexpr std::int64_t most_bytes = 4;  // of UTF-8
    const Values all = to_values(options);
    const auto found = all.find("vocabulary");
    return found != all.end() && to_text(found->second) == "characters" ? most_bytes : 1;
}

InputEncoding text_encoding(const OptionSet& options, const SampleSource& source) {
    if (options.get<std::string>("vocabulary") == "bytes") return byte_ids();
    const auto& fields = source.fields();
    const auto field =
        std::find_if(fields.begin(), fields.end(), [](const SetField& one) { return one.ragged; });
    ELM_ASSERT(field != fields.end());
    // As many as are read, which leaves room for the end.
    const std::int64_t read = number(options, "most_length") - 1;
    CharacterCounts counts;
    visit_training_samples(source, field->name, [&](std::span<const std::uint8_t> bytes) {
        const auto between = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
        const auto first = static_cast<std::size_t>(between - bytes.begin());
        count_characters(bytes.first(first), read, counts);
        if (between != bytes.end()) count_characters(bytes.subspan(first + 1), read, counts);
    });
    const auto vocabulary = std::make_shared<const CharacterVocabulary>(
        counts, options.get<std::int64_t>("least_count"));
    InputEncoding encoding{.name = fmt::format("characters, one-hot of {}", vocabulary->size()),
                           .width = vocabulary->size(),
                           .end = CharacterVocabulary::end};
    encoding.read_units = [vocabulary](std::span<const std::uint8_t> bytes,
                                       std::vector<std::int32_t>& units) {
        vocabulary->append(bytes, units);
    };
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

void declare_text_form(OptionSet& options) {
    constexpr std::int64_t published_least = 15;  // Gu, Goel & Re 2022, public repository
    declare_vocabulary(options, published_least);
    declare_pooling(options);
}

SampleForm text_form(const OptionSet& options, const SampleSource& source) {
    return {.input = text_encoding(options, source),
            .n_steps = number(options, "most_length"),
            .n_classes = 2,
            .pooling = pooling_of(options)};
}

void declare_pair_form(OptionSet& options) {
    declare_vocabulary(options, 1);
    const OptionSet head = towers_options();
    for (const Option& option : head.options()) options.declare(option);
}

SampleForm pair_form(const OptionSet& options, const SampleSource& source) {
    SampleForm form{.input = text_encoding(options, source),
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
