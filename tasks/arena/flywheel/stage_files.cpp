#include "tasks/arena/flywheel/stage_files.h"

#include <filesystem>
#include <fstream>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/stored_values.h"

namespace elm {
namespace {

constexpr const char* section = "stage";

/// Calls visit(name, member) for every figure, in one order for reading and writing.
template <class Result, class Visit>
void visit_figures(Result& result, const Visit& visit) {
    visit("round", result.round);
    visit("stage", result.stage);
    visit("updates", result.updates);
    visit("chosen", result.chosen);
    visit("forwards", result.forwards);
    visit("threshold", result.threshold);
    visit("difficulty", result.difficulty);
    visit("largest_class", result.largest_class);
}

}  // namespace

StageFiles::StageFiles(const std::string& folder, const std::string& arm, std::uint64_t seed,
                       std::int64_t stage)
    : stem_(fmt::format("{}/stages/{}-seed{}-{}", folder, arm, seed,
                        stage < 0 ? "start" : fmt::format("stage{}", stage + 1))) {}

bool StageFiles::finished() const { return std::filesystem::exists(stem_ + ".toml"); }

StageResult StageFiles::read() const {
    const std::string path = stem_ + ".toml";
    const StoredValues own(path, stored_config(path), section);
    StageResult result{.arm = own.text("arm"), .seed = own.seed("seed")};
    result.kind = own.text("kind");
    visit_figures(result, [&]<class Number>(const char* name, Number& number) {
        if constexpr (std::is_integral_v<Number>) {
            number = own.whole(name);
        } else {
            number = own.number(name);
        }
    });
    result.predictions = read_predictions(stem_ + ".predictions.h5");
    return result;
}

SampleNumbers StageFiles::read_selected() const {
    const std::string path = stem_ + ".selected.idx";
    std::ifstream file(path);
    if (!file) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
    SampleNumbers samples;
    for (std::int64_t sample = 0; file >> sample;) samples.push_back(sample);
    if (!file.eof()) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: after {} numbers of samples there is something else.", path,
                                samples.size()));
    }
    return samples;
}

void StageFiles::write(const StageResult& result, const SampleNumbers& selected) const {
    std::string lines;
    for (const std::int64_t sample : selected) lines += fmt::format("{}\n", sample);
    write_text_file(stem_ + ".selected.idx", true, lines);
    write_predictions(stem_ + ".predictions.h5", result.predictions, true);
    Config config;
    Values& own = config.sections[section];
    own["arm"] = result.arm;
    own["seed"] = std::to_string(result.seed);
    own["kind"] = result.kind;
    visit_figures(result, [&](const char* name, const auto& number) { own[name] = number; });
    write_text_file(stem_ + ".toml", true, config.to_toml());
}

}  // namespace elm
