// ListOps expressions (listops.h), a token a step in one-hot, padded at the end; the value at the
// last true step. Spieler et al. 2024, arXiv 2306.16922, have 25 inputs here, which 15 kinds of
// token do not explain. Source: Nangia & Bowman 2018, arXiv 1804.06028; Tay et al. 2021, arXiv
// 2011.04006.

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/lra/listops/listops.h"
#include "tasks/lra/listops/listops_picture.h"
#include "tasks/lra/listops/listops_table.h"
#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/lra/training_sample_visit.h"
#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

OptionSet sample_options() {
    const ListOpsOptions published;
    OptionSet options;
    options.declare(whole_option("least_length", published.least_length,
                                 "tokens of the shortest expression", 1));
    options.declare(
        whole_option("most_length", published.most_length, "tokens of the longest expression", 1));
    options.declare(whole_option("most_depth", published.most_depth,
                                 "depth at which there are digits alone", 1, 64));
    options.declare(whole_option("most_arguments", published.most_arguments,
                                 "arguments of an operator", 2, 15));
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const auto expressions = std::make_shared<const ListOpsGenerator>(
        ListOpsOptions{.most_depth = number(options, "most_depth"),
                       .most_arguments = number(options, "most_arguments"),
                       .least_length = number(options, "least_length"),
                       .most_length = number(options, "most_length")});
    SetGenerator set;
    set.is_slow = true;
    set.fields = {{.name = "tokens", .ragged = true}, {.name = "label"}};
    set.draw = [expressions](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        thread_local ListOpsSample sample;
        expressions->draw(seed, index, sample);
        columns[0].add<std::uint8_t>(sample.tokens);
        columns[1].add(static_cast<std::uint8_t>(sample.label));
    };
    return set;
}

/// The expressions of a table and the lengths of the shortest and the longest.
std::shared_ptr<const SampleTable> open_table(const std::string& path, Values& options) {
    SetColumns samples = empty_columns({{.name = "tokens", .ragged = true}, {.name = "label"}});
    std::int64_t least = std::get<std::int64_t>(options["least_length"]);
    std::int64_t most = std::get<std::int64_t>(options["most_length"]);
    for (const ListOpsExample& example : read_listops_file(path)) {
        samples[0].add<std::uint8_t>(example.tokens);
        samples[1].add(static_cast<std::uint8_t>(example.label));
        least = std::min(least, std::ssize(example.tokens));
        most = std::max(most, std::ssize(example.tokens));
    }
    options = {{"least_length", least}, {"most_length", most}};
    return std::make_shared<MemoryTable>(std::move(samples), path, fingerprint_of_file(path));
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet&) {
    SampleFiles files{
        .name = path,
        .options = {{"least_length", std::int64_t{1} << 40}, {"most_length", std::int64_t{0}}}};
    if (path.ends_with(".tsv")) {
        files.tables.push_back(open_table(path, files.options));
        return files;
    }
    constexpr std::array names = {"basic_train.tsv", "basic_val.tsv", "basic_test.tsv"};
    const auto is_there = [&](const char* name) {
        std::error_code status;
        return fs::exists(fs::path(path) / name, status);
    };
    if (std::none_of(names.begin(), names.end(), is_there)) return {};
    for (const char* const name : names) {
        files.tables.push_back(open_table((fs::path(path) / name).string(), files.options));
    }
    files.divide_by_tables();
    return files;
}

void declare_form(OptionSet& options) {
    options.declare(
        {.name = "vocabulary",
         .value = std::string("kinds"),
         .help =
             "units of the tokens: one of each kind; as Long Range Arena has them, with padding "
             "and unknown words; as S4 has them, by how often they occur, with an end",
         .choices = {"kinds", "release", "s4"}});
    declare_pooling(options);
}

/// How often each kind of token occurs in what is trained on.
std::array<std::int64_t, listops_token_kinds> token_counts(const SampleSource& source) {
    std::array<std::int64_t, listops_token_kinds> counts{};
    visit_training_samples(source, "tokens", [&](std::span<const std::uint8_t> tokens) {
        for (const std::uint8_t token : tokens) {
            if (token < listops_token_kinds) ++counts[token];
        }
    });
    return counts;
}

SampleForm form(const OptionSet& options, const SampleSource& source) {
    const auto& chosen = options.get<std::string>("vocabulary");
    InputEncoding input = one_hot(listops_token_kinds);
    if (chosen != "kinds") {
        const ListOpsVocabulary vocabulary = chosen == "release"
                                                 ? listops_release_vocabulary()
                                                 : listops_s4_vocabulary(token_counts(source));
        input = {.name = fmt::format("one-hot, vocabulary {}", chosen),
                 .width = vocabulary.size,
                 .units = {vocabulary.id.begin(), vocabulary.id.end()},
                 .end = vocabulary.end};
    }
    return {.input = input,
            .n_steps = number(options, "most_length") + (input.end >= 0 ? 1 : 0),
            .n_classes = 10,
            .pooling = pooling_of(options),
            // 0, or 9: Tay et al. 2021, arXiv 2011.04006, the public training set
            .chance = 0.17};
}

// Figures of 20,000 trees of the public generator of Tay et al. 2021 (commit cd31e5c).
constexpr double reference_trees = 20'000;
constexpr ReferenceValue reference_length{1034.69, 2.79}, reference_operators{147.16, 0.40},
    reference_digits{0.71521, 0.00006};
constexpr std::array<double, 10> reference_labels = {3430, 1830, 1487, 1641, 1710,
                                                     1756, 1520, 1428, 1734, 3464};
constexpr std::array<double, 4> reference_roots = {4963, 5132, 5011, 4894};

ReferenceValue share_of(double trees) {
    const double share = trees / reference_trees;
    return {share, std::sqrt(share * (1 - share) / reference_trees)};
}

SetStatistics statistics(const Values& options, const SetColumns& samples) {
    // Expressions of a table come without the options of their trees, and should be as published.
    const bool is_published =
        !options.contains("most_depth") || options == to_values(sample_options());
    const auto reference = [&](const ReferenceValue& value) {
        return is_published ? value : ReferenceValue{};
    };
    const SetColumn& tokens = column_of(samples, "tokens");
    const std::int64_t count = tokens.samples();
    std::vector<double> lengths, operators, digits, depths;
    std::array<std::int64_t, 10> labels{};
    std::array<std::int64_t, 4> roots{};
    for (std::int64_t k = 0; k < count; ++k) {
        const auto row = tokens.at<std::uint8_t>(k);
        int depth = 0, deepest = 0;
        double operators_here = 0, digits_here = 0;
        for (const std::uint8_t token : row) {
            if (token < listops_minimum) {
                ++digits_here;
            } else if (token == listops_close) {
                --depth;
            } else {
                ++operators_here;
                deepest = std::max(deepest, ++depth);
            }
        }
        lengths.push_back(static_cast<double>(row.size()));
        operators.push_back(operators_here);
        digits.push_back(digits_here / static_cast<double>(row.size()));
        depths.push_back(deepest);
        ++labels[column_of(samples, "label").at<std::uint8_t>(k)[0]];
        if (row[0] >= listops_minimum && row[0] < listops_close) {
            ++roots[static_cast<std::size_t>(row[0] - listops_minimum)];
        }
    }
    SetStatistics table;
    table.add("length, tokens", lengths, reference(reference_length));
    table.add("operators", operators, reference(reference_operators));
    table.add("operators on the deepest path", depths, reference({.mean = 9}));
    table.add("share of digits", digits, reference(reference_digits));
    for (std::size_t label = 0; label < labels.size(); ++label) {
        table.add_share(fmt::format("label {}", label), labels[label], count,
                        reference(share_of(reference_labels[label])));
    }
    for (std::size_t root = 0; root < roots.size(); ++root) {
        const auto token = static_cast<std::uint8_t>(listops_minimum + root);
        table.add_share(fmt::format("root {}", listops_word(token).substr(1)), roots[root], count,
                        reference(share_of(reference_roots[root])));
    }
    return table;
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return listops_figure(column_of(samples, "tokens").at<std::uint8_t>(0),
                          column_of(samples, "label").at<std::uint8_t>(0)[0]);
}

}  // namespace

TaskEntry listops_task() {
    return sample_task(
        {.name = "listops",
         .summary = "nested minima, maxima, medians and sums of digits: the value",
         .source = "Nangia & Bowman 2018, arXiv 1804.06028; Tay et al. 2021, arXiv 2011.04006",
         // 150 epochs.
         .presets = joined(paper_presets({.task = R"(
[listops]
train_samples = 96000
held_out = 2000
)",
                                          .batch = 384,
                                          .updates = 37500,
                                          .synapse_tau = 5,
                                          .longest_memory_tau = 2000}),
                           published_models(LraTask::listops, "listops")),
         .samples = SampleKind{.family = "listops",
                               .learnt = {"tokens", "label"},
                               .options = sample_options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .shown = 2000,
                               .older_names = {{"min_length", "least_length"},
                                               {"max_length", "most_length"},
                                               {"max_depth", "most_depth"},
                                               {"max_arguments", "most_arguments"}},
                               .open = open,
                               .published = "a table (.tsv), or the released folder with "
                                            "basic_train.tsv, basic_val.tsv and basic_test.tsv",
                               .declare_form = declare_form,
                               .form = form}});
}

}  // namespace elm
