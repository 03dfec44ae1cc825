// Pathfinder images read row by row: are both markers on one contour? Samples: images with the
// label, the margin, both markers and the number of distractors that found a place. Grey values are
// b / 255, as Gu, Goel & Re 2022, arXiv 2111.00396, take them (public repository); grey bins are
// those of Spieler et al. 2024, arXiv 2306.16922. Source: Linsley et al. 2018, arXiv 1805.08315; as
// a sequence: Tay et al. 2021, arXiv 2011.04006.

#include <cmath>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "tasks/lra/paper_preset.h"
#include "tasks/lra/pathfinder/pathfinder.h"
#include "tasks/lra/pathfinder/pathfinder_folder.h"
#include "tasks/lra/pathfinder/pathfinder_reference.h"
#include "tasks/lra/published_models.h"
#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"
#include "tasks/sets/set_pictures.h"

namespace elm {
namespace {

PathfinderOptions read_options(const OptionSet& options) {
    const auto& difficulty = options.get<std::string>("difficulty");
    PathfinderOptions read;
    read.size = number(options, "size");
    read.difficulty = difficulty == "easy"           ? PathfinderDifficulty::easy
                      : difficulty == "intermediate" ? PathfinderDifficulty::intermediate
                                                     : PathfinderDifficulty::hard;
    const int distractors = number(options, "distractors");
    if (distractors >= 0) read.distractors = distractors;
    return read;
}

OptionSet options() {
    OptionSet options;
    options.declare({.name = "size",
                     .value = std::int64_t{32},
                     .help = "edge of an image: 32, 64, 128 or 256",
                     .unit = "px",
                     .lowest = 32,
                     .highest = 256});
    options.declare({.name = "difficulty",
                     .value = std::string("hard"),
                     .help = "paddles of a contour: 6, 9 or 14; Long Range Arena reports hard",
                     .choices = {"easy", "intermediate", "hard"}});
    options.declare({.name = "distractors",
                     .value = std::int64_t{-1},
                     .help = "distracting contours that are tried; -1: as published",
                     .lowest = -1,
                     .highest = 100});
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const PathfinderOptions own = read_options(options);
    const auto images = std::make_shared<const PathfinderGenerator>(own);
    const std::int64_t size = images->size();
    SetGenerator set;
    set.is_slow = own.difficulty != PathfinderDifficulty::easy;
    set.fields = {{.name = "image", .row = {size, size}},
                  {.name = "label"},
                  {.name = "margin"},
                  {.name = "markers", .type = SetType::i16, .row = {2, 2}},
                  {.name = "distractors"}};
    set.draw = [images](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        thread_local PathfinderWorkspace workspace;
        thread_local PathfinderSample sample;
        images->draw(seed, index, sample, workspace);
        columns[0].add<std::uint8_t>(sample.image);
        columns[1].add(static_cast<std::uint8_t>(sample.label));
        columns[2].add(static_cast<std::uint8_t>(sample.margin));
        const std::int32_t markers[] = {sample.origin_marker.row, sample.origin_marker.column,
                                        sample.terminal_marker.row, sample.terminal_marker.column};
        columns[3].add<std::int32_t>(markers);
        columns[4].add(static_cast<std::uint8_t>(std::ssize(sample.distractors) /
                                                 images->distractor_length()));
    };
    return set;
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet&) {
    std::error_code status;
    if (!std::filesystem::is_directory(std::filesystem::path(path) / "metadata", status)) return {};
    auto folder = std::make_shared<PathfinderFolder>(PathfinderFolder::open(path));
    SampleFiles files{.name = path};
    if (const std::string difficulty = folder->difficulty(); !difficulty.empty()) {
        files.options["difficulty"] = difficulty;
    }
    files.options["size"] = folder->fields().front().row.front();
    files.tables.push_back(std::move(folder));
    return files;
}

void declare_form(OptionSet& options) {
    declare_grey_encoding(options);
    options.declare(
        {.name = "centred",
         .value = false,
         .help = "dense values lie from -1 to 1, as with S4 and S5, and not from 0 to 1"});
    declare_pooling(options);
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const std::int64_t size = number(options, "size");
    const bool centred = options.get<bool>("centred");
    return {
        .input = centred ? grey_encoding(options, 127.5, 127.5) : grey_encoding(options, 0, 255),
        .n_steps = size * size,
        .n_classes = 2,
        .pooling = pooling_of(options)};
}

/// The reference holds for as many distractors as published. Released images come without options,
/// and are the hard ones where their folder does not say otherwise.
std::optional<PathfinderReference> reference_of(const Values& options, std::int64_t size) {
    const auto distractors = options.find("distractors");
    if (distractors != options.end() && distractors->second != Value(std::int64_t{-1})) return {};
    const auto difficulty = options.find("difficulty");
    return pathfinder_reference(
        static_cast<int>(size),
        difficulty == options.end() ? "hard" : std::get<std::string>(difficulty->second));
}

SetStatistics statistics(const Values& options, const SetColumns& samples) {
    const SetColumn& images = column_of(samples, "image");
    const std::int64_t count = images.samples();
    std::vector<double> mean, sd, above_0, above_127, white, distances, placed;
    std::int64_t connected = 0;
    for (std::int64_t k = 0; k < count; ++k) {
        const auto image = images.at<std::uint8_t>(k);
        std::int64_t histogram[256] = {};
        for (const std::uint8_t pixel : image) ++histogram[pixel];
        double sum = 0, squares = 0, ink = 0;
        for (int grey = 0; grey < 256; ++grey) {
            const auto pixels = static_cast<double>(histogram[grey]);
            sum += grey * pixels;
            squares += static_cast<double>(grey) * grey * pixels;
            if (grey > 127) ink += pixels;
        }
        const auto pixels = static_cast<double>(image.size());
        mean.push_back(sum / pixels);
        sd.push_back(std::sqrt(squares / pixels - sum / pixels * sum / pixels));
        above_0.push_back(1 - static_cast<double>(histogram[0]) / pixels);
        above_127.push_back(ink / pixels);
        white.push_back(static_cast<double>(histogram[255]) / pixels);
        connected += column_of(samples, "label").at<std::uint8_t>(k)[0];
    }
    if (const SetColumn* const markers = find_column(samples, "markers")) {
        for (std::int64_t k = 0; k < count; ++k) {
            const auto place = markers->at<std::int32_t>(k);
            distances.push_back(std::hypot(place[0] - place[2], place[1] - place[3]));
            placed.push_back(column_of(samples, "distractors").at<std::uint8_t>(k)[0]);
        }
    }
    const PathfinderReference expected =
        reference_of(options, images.field.row[0]).value_or(PathfinderReference{});
    SetStatistics table;
    table.add("mean grey", mean, expected.mean_grey);
    table.add("pixel SD of an image", sd, expected.pixel_sd);
    table.add("fraction > 0", above_0, expected.above_0);
    table.add("fraction > 127 (ink)", above_127, expected.above_127);
    table.add("fraction = 255", white, expected.equal_255);
    if (!distances.empty()) {
        table.add("distractors placed", placed, expected.distractors_placed);
        table.add("marker distance, px", distances, expected.marker_distance);
    }
    table.add_share("label 1", connected, count, {.mean = 0.5});
    return table;
}

TileFigure picture(const Values& options, const SetColumns& samples) {
    const std::int64_t size = column_of(samples, "image").field.row[0];
    const auto difficulty = options.find("difficulty");
    return image_figure(
        fmt::format(
            "Pathfinder, {} px{}: is there one contour between the discs?", size,
            difficulty == options.end() ? "" : ", " + std::get<std::string>(difficulty->second)),
        samples, [](int label) { return label == 1 ? "1: connected" : "0: not connected"; });
}

/// The recipe of the paper, of 300 epochs, or 1000 with dropout; and sizes one after the other,
/// each from the model of the last. A row of an image has twice the steps of one of half the size,
/// and an image four times: so have the time constants. The shares make a quarter of the operations
/// of as many samples of 128 px alone.
std::vector<Preset> presets() {
    const auto section = [](int size, int bins) {
        return fmt::format(R"(
[pathfinder]
size = {}
difficulty = "hard"
encoding = "grey_bins"
bins = {}
train_samples = 160000
held_out = 20000
)",
                           size, bins);
    };
    std::vector<Preset> presets = paper_presets({.task = section(32, 16),
                                                 .batch = 384,
                                                 .updates = 125000,
                                                 .synapse_tau = 5,
                                                 .longest_memory_tau = 1000,
                                                 .dropout_updates = 416667});
    Preset curriculum = paper_presets({.task = section(128, 8),
                                       .batch = 384,
                                       .updates = 125000,
                                       .synapse_tau = 5,
                                       .longest_memory_tau = 16000})
                            .front();
    curriculum.name = "curriculum";
    curriculum.summary = "32, 64, then 128 px, each from the model of the last";
    curriculum.toml += R"(
[curriculum]
"pathfinder.size" = ["32", "64", "128"]
"elm.memory_tau_min" = ["1", "4", "16"]
"elm.memory_tau_max" = ["1000", "4000", "16000"]
budget_share = ["6", "3", "1"]
)";
    presets.push_back(std::move(curriculum));
    return joined(std::move(presets), published_models(LraTask::pathfinder, "pathfinder"));
}

}  // namespace

TaskEntry pathfinder_task() {
    return sample_task(
        {.name = "pathfinder",
         .summary = "images read row by row: do two markers lie on one dashed contour?",
         .source = "Linsley et al. 2018, arXiv 1805.08315; Tay et al. 2021, arXiv 2011.04006",
         .presets = presets(),
         .samples = SampleKind{.family = "pathfinder",
                               .learnt = {"image", "label"},
                               .options = options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .open = open,
                               .published = "a released folder such as curv_contour_length_14, "
                                            "with imgs/ and metadata/",
                               .declare_form = declare_form,
                               .form = form}});
}

}  // namespace elm
