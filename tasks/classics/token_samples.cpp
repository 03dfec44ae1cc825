#include "tasks/classics/token_samples.h"

#include <utility>

#include "tasks/data/ignored_target.h"
#include "tasks/sets/set_pictures.h"

namespace elm {

SetGenerator token_generator(std::int64_t n_steps, FillTokens fill, bool ragged) {
    SetGenerator set;
    for (const char* const name : {"tokens", "targets"}) {
        set.fields.push_back({.name = name, .type = SetType::i16, .ragged = ragged});
        if (!ragged) set.fields.back().row = {n_steps};
    }
    set.draw = [n_steps, fill = std::move(fill)](std::uint64_t seed, std::uint64_t index,
                                                 SetColumns& columns) {
        thread_local std::vector<std::int32_t> tokens, targets;
        tokens.resize(static_cast<std::size_t>(n_steps));
        targets.resize(static_cast<std::size_t>(n_steps));
        const auto length = static_cast<std::size_t>(fill(seed, index, tokens, targets));
        columns[0].add<std::int32_t>(std::span(tokens).first(length));
        columns[1].add<std::int32_t>(std::span(targets).first(length));
    };
    return set;
}

SampleForm token_form(std::int64_t n_kinds, std::int64_t n_likely, std::int64_t n_steps,
                      Pooling pooling) {
    return {.input = one_hot(n_kinds),
            .n_steps = n_steps,
            .n_classes = n_kinds,
            .pooling = pooling,
            .chance = 1 / static_cast<double>(n_likely)};
}

SetStatistics target_statistics(const SetColumns& samples, double count, double mean) {
    std::vector<double> counts, means, places;
    const SetColumn& targets = column_of(samples, "targets");
    for (std::int64_t k = 0; k < targets.samples(); ++k) {
        double counted = 0, sum = 0, steps = 0, step = 0;
        for (const std::int32_t target : targets.at<std::int32_t>(k)) {
            if (target != ignored_target) {
                ++counted;
                sum += target;
                steps += step;
            }
            ++step;
        }
        counts.push_back(counted);
        means.push_back(sum / counted);
        places.push_back(steps / counted);
    }
    SetStatistics table;
    table.add("steps that count", counts, {.mean = count});
    table.add("mean target", means, {.mean = mean});
    table.add("their mean step", places);
    return table;
}

TileFigure recall_picture(const std::string& title, const Values& options,
                          const SetColumns& samples) {
    const double half = number(options, "vocabulary") / 2;
    return token_figure(title, samples, [half](std::int32_t token) -> std::string {
        return token == 0     ? colour::no_value
               : token < half ? colour::hue::blue
                              : colour::hue::green;
    });
}

}  // namespace elm
