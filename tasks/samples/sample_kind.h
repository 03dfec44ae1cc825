#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/io/option_set.h"
#include "tasks/data/sets/set_generator.h"
#include "tasks/report/tile_plot.h"
#include "tasks/samples/sample_files.h"
#include "tasks/sets/set_statistics.h"

namespace elm {

struct SampleForm;
class SampleSource;

/// Samples of a task: how they are drawn, read, looked at and learnt.
struct SampleKind {
    std::string family;                 // their name in sets on disk
    std::array<std::string, 2> learnt;  // the fields that a model is given, and asked for
    OptionSet (*options)();             // of the samples, with their defaults
    /// Fields and what draws them. Throws Error{invalid} for options that do not go together. Null:
    /// samples are read, and not made.
    SetGenerator (*generator)(const OptionSet& options) = nullptr;
    /// What tells whether samples are right, beside what they should be.
    SetStatistics (*statistics)(const Values& options, const SetColumns& samples) = nullptr;
    /// Pictures of some samples.
    TileFigure (*picture)(const Values& options, const SetColumns& samples) = nullptr;
    std::int64_t shown = 1000;  // samples that statistics take where nobody says how many
    Values fixed = {};          // options that this task does not leave open
    /// Names of options in files of older programs, and their present ones.
    std::vector<std::pair<std::string, std::string>> older_names = {};
    /// Opens a published form, none for what is another one. Throws Error{data} for files that are
    /// damaged or missing.
    std::optional<SampleFiles> (*open)(const std::string& path, const OptionSet& options) = nullptr;
    std::string published = {};                          // what `open` takes, for people
    void (*declare_form)(OptionSet& options) = nullptr;  // adds options of how samples are learnt
    /// How they are learnt; sees all options, the fixed ones too. Of every kind.
    SampleForm (*form)(const OptionSet& options, const SampleSource& source) = nullptr;
    /// The first field holds events (event_bins.h), and no steps.
    bool are_events = false;
    /// Samples that are made of those in files; null: they are those.
    std::unique_ptr<const SampleSource> (*combine)(
        const OptionSet& options, std::unique_ptr<const SampleSource> stored) = nullptr;
};

/// The options of a kind that are open to choice.
OptionSet open_options(const SampleKind& kind);
/// All options of a kind, and others of a task beside them: `chosen`, and what is fixed.
OptionSet all_options(const SampleKind& kind, const OptionSet& chosen);
/// The generator for options of all_options(), which may hold others too.
SetGenerator make_generator(const SampleKind& kind, const OptionSet& options);

}  // namespace elm
