#include "tasks/speech/spoken_samples.h"

#include <fmt/format.h>

#include "tasks/events/event_samples.h"
#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"
#include "tasks/speech/digit_pairs.h"
#include "tasks/speech/shd_file.h"

namespace elm {
namespace {

// A recording is cut after its first second, as published (Spieler et al. 2024).
constexpr double bin_ms = 10, duration_ms = 1000;
constexpr std::int64_t sums = 19;

TileFigure picture(const Values&, const SetColumns& samples) {
    return raster_figure("Spoken digits: spikes of 700 channels", samples,
                         [](int label) { return shd_words()[static_cast<std::size_t>(label)]; });
}

void declare_sum_form(OptionSet& options) {
    declare_event_form(options, bin_ms, duration_ms);
    const PairSizes sizes;
    options.declare(
        whole_option("validation_pairs", sizes.validation, "pairs to validate on", 1, 1e7));
    options.declare(whole_option("test_pairs", sizes.test, "pairs to test with", 1, 1e7));
}

}  // namespace

SampleKind spoken_words(const std::string& family, const std::string& published,
                        std::optional<SampleFiles> (*open)(const std::string& path,
                                                           const OptionSet& options)) {
    return {.family = family,
            .learnt = {"events", "label"},
            .options = shd_options,
            .statistics = [](const Values&,
                             const SetColumns& samples) { return event_statistics(samples); },
            .picture = picture,
            .open = open,
            .published = published,
            .declare_form =
                [](OptionSet& options) { declare_event_form(options, bin_ms, duration_ms); },
            .form = [](const OptionSet& options,
                       const SampleSource&) { return event_form(options, shd_units, shd_classes); },
            .are_events = true};
}

SampleKind spoken_sums(SampleKind words) {
    words.family += "-adding";
    words.declare_form = declare_sum_form;
    words.form = [](const OptionSet& options, const SampleSource&) {
        SampleForm form = event_form(options, shd_units, sums, 2);
        form.chance = chance_of_sums;
        return form;
    };
    words.combine =
        [](const OptionSet& options,
           std::unique_ptr<const SampleSource> digits) -> std::unique_ptr<const SampleSource> {
        return std::make_unique<PairSource>(
            std::move(digits),
            PairSizes{.validation = options.get<std::int64_t>("validation_pairs"),
                      .test = options.get<std::int64_t>("test_pairs")});
    };
    return words;
}

}  // namespace elm
