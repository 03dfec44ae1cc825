// Grey CIFAR-10, read row by row, from the binary batches of its publisher. Source: Krizhevsky
// 2009, technical report; as a sequence: Tay et al. 2021, arXiv 2011.04006.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/lra/images/cifar.h"
#include "tasks/lra/images/image_samples.h"
#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/sets/set_pictures.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

OptionSet options() {
    OptionSet options;
    options.declare({.name = "grey",
                     .value = std::string("lra"),
                     .help = "how colours become grey levels: as Long Range Arena or as S4 does it",
                     .choices = {"lra", "s4"}});
    return options;
}

std::shared_ptr<const SampleTable> open_batch(const std::string& path, CifarGrey rule) {
    SetColumns samples =
        empty_columns({{.name = "image", .row = {cifar_size, cifar_size}}, {.name = "label"}});
    for (const CifarImage& image : read_cifar_file(path)) {
        samples[0].add<std::uint8_t>(grey_cifar(image, rule));
        samples[1].add(static_cast<std::uint8_t>(image.label));
    }
    return std::make_shared<MemoryTable>(std::move(samples), path, fingerprint_of_file(path));
}

/// Of the folder, the first 90 % of data_batch_1 to 5 are trained on, as Long Range Arena does.
std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    const CifarGrey rule =
        options.get<std::string>("grey") == "s4" ? CifarGrey::pillow : CifarGrey::tensorflow;
    SampleFiles files{.name = path};
    if (path.ends_with(".bin")) {
        files.tables.push_back(open_batch(path, rule));
        return files;
    }
    constexpr std::array names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                  "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
    const auto is_there = [&](const char* name) {
        std::error_code status;
        return fs::exists(fs::path(path) / name, status);
    };
    if (std::none_of(names.begin(), names.end(), is_there)) return {};
    for (const char* const name : names) {
        files.tables.push_back(open_batch((fs::path(path) / name).string(), rule));
    }
    const std::int64_t test = files.tables.back()->count(), others = files.count() - test;
    files.divide({others * 9 / 10, others - others * 9 / 10, test});
    return files;
}

std::string class_name(int label) {
    return std::string(cifar_names()[static_cast<std::size_t>(label)]);
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    // The mean that Gu, Goel & Re 2022, arXiv 2111.00396, subtract in their public repository.
    return image_statistics(samples, class_name, {122.6, 0.05});
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return image_figure("Grey CIFAR-10: what is it?", samples, class_name);
}

}  // namespace

TaskEntry image_task() {
    return sample_task(
        {.name = "image",
         .summary = "grey CIFAR-10, pixel by pixel: what is it?",
         .source = "Krizhevsky 2009, technical report; Tay et al. 2021, arXiv 2011.04006",
         // 300 epochs.
         .presets = joined(paper_presets({.task = R"(
[image]
encoding = "grey_bins"
bins = 16
)",
                                          .batch = 384,
                                          .updates = 35156,
                                          .synapse_tau = 5,
                                          .longest_memory_tau = 1000}),
                           published_models(LraTask::image, "image")),
         .needs_files = true,
         .samples = SampleKind{.family = "image",
                               .learnt = {"image", "label"},
                               .options = options,
                               .statistics = statistics,
                               .picture = picture,
                               .open = open,
                               .published = "the folder of the binary version of CIFAR-10, with "
                                            "data_batch_1.bin to 5 and test_batch.bin",
                               .declare_form = declare_image_form,
                               .form = image_form}});
}

}  // namespace elm
