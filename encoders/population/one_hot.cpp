// One unit of `classes` a step: that of the value, a whole number from 0 on. -1 is padding, without
// a spike.

#include "encoders/law/encode_by_law.h"
#include "encoders/population/one_hot_body.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::int64_t most_classes = 1 << 20;

OneHotLaw classes_of(const OptionSet& options, double /*value_ms*/) {
    return {.units_each = options.get<std::int64_t>("classes")};
}

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

void OneHotLaw::refuse(float x) const {
    throw Error(ErrorKind::data,
                fmt::format("the value {} is no class: expected 0 to {}", x, units_each - 1));
}

EncoderEntry one_hot_encoder() {
    return {.name = "one-hot",
            .summary = "the unit whose number is the value",
            .source = "one-hot coding",
            .options = class_options(),
            .range = {-1, most_classes - 1, true},
            .along_time = true,
            .encode = encode_by<&classes_of>,
            .encode_batch = encode_batch_by<&classes_of>};
}

}  // namespace elm
