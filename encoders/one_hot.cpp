// One unit of `classes` a step: that of the value, a whole number from 0 on. -1 is padding, without
// a spike.

#include "encoders/one_unit.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::int64_t most_classes = 1 << 20;

OptionSet class_options() {
    OptionSet options;
    options.declare({.name = "classes",
                     .value = std::int64_t{10},
                     .help = "units of a channel",
                     .lowest = 1,
                     .highest = most_classes});
    return options;
}

}  // namespace

EncoderEntry one_hot_encoder() {
    return {.name = "one-hot",
            .summary = "the unit whose number is the value",
            .source = "one-hot coding",
            .options = class_options(),
            .range = {-1, most_classes - 1, true},
            .along_time = true,
            .encode = [](const OptionSet& options, const Signal& signal, const RandomKey&) {
                const auto classes = options.get<std::int64_t>("classes");
                return encode_one_unit(signal, classes, [classes](float x) {
                    const auto unit = static_cast<std::int64_t>(x);
                    if (unit >= classes) {
                        throw Error(ErrorKind::data,
                                    fmt::format("the value {} is no class: expected 0 to {}", unit,
                                                classes - 1));
                    }
                    return unit;
                });
            }};
}

}  // namespace elm
