#include "tasks/lra/images/image_samples.h"

#include <array>
#include <cmath>

namespace elm {
namespace {

constexpr int n_classes = 10;
constexpr std::int64_t n_pixels = 32 * 32;

}  // namespace

void declare_image_form(OptionSet& options) {
    declare_grey_encoding(options);
    declare_pooling(options);
}

SampleForm image_form(const OptionSet& options, const SampleSource&) {
    return {.input = grey_encoding(options, 122.6, 61.0),
            .n_steps = n_pixels,
            .n_classes = n_classes,
            .pooling = pooling_of(options)};
}

SetStatistics image_statistics(const SetColumns& samples,
                               const std::function<std::string(int label)>& name,
                               ReferenceValue mean_grey) {
    const SetColumn& images = column_of(samples, "image");
    std::vector<double> means, deviations;
    std::array<std::int64_t, n_classes> count{};
    for (std::int64_t k = 0; k < images.samples(); ++k) {
        double sum = 0, squares = 0;
        const auto image = images.at<std::uint8_t>(k);
        for (const std::uint8_t pixel : image) {
            sum += pixel;
            squares += static_cast<double>(pixel) * pixel;
        }
        const auto pixels = static_cast<double>(image.size());
        means.push_back(sum / pixels);
        deviations.push_back(std::sqrt(squares / pixels - sum / pixels * sum / pixels));
        ++count[column_of(samples, "label").at<std::uint8_t>(k)[0]];
    }
    SetStatistics table;
    table.add("mean grey", means, mean_grey);
    table.add("pixel SD of an image", deviations);
    for (int label = 0; label < n_classes; ++label) {
        table.add_share("class " + name(label), count[static_cast<std::size_t>(label)],
                        images.samples(), {.mean = 1.0 / n_classes});
    }
    return table;
}

}  // namespace elm
