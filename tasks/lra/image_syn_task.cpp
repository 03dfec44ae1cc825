// Made-up grey images of ten shapes (synthetic_image.h), read row by row.

#include "tasks/lra/images/image_samples.h"
#include "tasks/lra/images/synthetic_image.h"
#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/sets/set_pictures.h"

namespace elm {
namespace {

SetGenerator generator(const OptionSet&) {
    SetGenerator set;
    set.fields = {{.name = "image", .row = {synthetic_image_size, synthetic_image_size}},
                  {.name = "label"}};
    set.draw = [](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        std::array<std::uint8_t, synthetic_image_pixels> image{};
        const int label = fill_synthetic_image(seed, index, image);
        columns[0].add<std::uint8_t>(image);
        columns[1].add(static_cast<std::uint8_t>(label));
    };
    return set;
}

std::string class_name(int label) {
    return std::string(synthetic_image_names()[static_cast<std::size_t>(label)]);
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return image_statistics(samples, class_name, {});
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return image_figure("Made-up grey images, 32 px: which shape?", samples, class_name);
}

}  // namespace

TaskEntry image_syn_task() {
    return sample_task(
        {.name = "image-syn",
         .summary = "made-up grey images of ten shapes, of the form of grey CIFAR-10",
         .source = "our own; form of Tay et al. 2021, arXiv 2011.04006",
         // 300 epochs.
         .presets = joined(paper_presets({.task = R"(
[image-syn]
encoding = "grey_bins"
bins = 16
train_samples = 45000
held_out = 5000
)",
                                          .batch = 384,
                                          .updates = 35156,
                                          .synapse_tau = 5,
                                          .longest_memory_tau = 1000}),
                           published_models(LraTask::image, "image-syn")),
         .samples = SampleKind{.family = "image-syn",
                               .learnt = {"image", "label"},
                               .options = [] { return OptionSet(); },
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .declare_form = declare_image_form,
                               .form = image_form}});
}

}  // namespace elm
