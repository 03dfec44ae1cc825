#include "baselines/mixers/attention/distance_bias.h"

#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"

namespace elm {

DistanceBias::DistanceBias(const OptionSet& options, std::int64_t features, std::int64_t chunk)
    : features_(features), positions_(chunk > 0 ? chunk : options.get<std::int64_t>("longest")) {
    const Initialiser small = initialise::normal(0, 0.02);
    if (!options.get<bool>("rotary")) {
        distances_ = &offset("distances", {2 * positions_ - 1}, small);
        return;
    }
    ELM_CHECK(features % 2 == 0,
              "rotary turns pairs of features, but shared_width is {}: expected an even number",
              features);
    rotation_ = std::make_unique<Rotation>(1, features);
    left_ = &offset("left", {features}, small);
    right_ = &offset("right", {features}, small);
}

void DistanceBias::declare(OptionSet& options) {
    options.declare({.name = "rotary",
                     .value = false,
                     .help = "distances count by turned vectors, not by numbers of their own"});
    options.declare({.name = "longest",
                     .value = std::int64_t{1024},
                     .help = "longest sequence that distances are known of, without chunks",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
}

Var DistanceBias::of_distances(Context& context, std::int64_t begin, std::int64_t end) const {
    ELM_CHECK(
        end <= positions_,
        "a sequence of {} steps was given to attention that knows distances of {}. Set longest "
        "to the longest sequence.",
        end, positions_);
    const std::int64_t rows = end - begin, period = rows + end;
    const Var all = use(context, *distances_);
    // One period of a row that repeats: distances 0, 1, ... of the first query, one that is not
    // used, and negative ones. Rows that are one shorter than it move by one step each.
    const std::int64_t first = positions_ - 1 - begin;
    const Var parts[] = {slice(context, all, 0, first, first + end),
                         Var{Tensor::zeros(context.stream, {1}, all.value.dtype())},
                         slice(context, all, 0, first - (rows - 1), first)};
    const Var once = concatenate(context, parts, 0);
    const Var often = reshape(context, repeat(context, once, 0, rows), {rows * period});
    const Var moved =
        reshape(context, slice(context, often, 0, 0, rows * (period - 1)), {rows, period - 1});
    return slice(context, moved, 1, 0, end);
}

Var DistanceBias::table(Context& context, std::int64_t begin, std::int64_t end) const {
    if (distances_ != nullptr) return of_distances(context, begin, end);
    const auto turned = [&](const ModuleParameter& vector, std::int64_t from) {
        const Shape rows{1, end - from, features_};
        const Var all =
            reshape(context, repeat(context, use(context, vector), 0, end - from), rows);
        return reshape(context, rotation_->turn(context, all, from), {end - from, features_});
    };
    return matmul(context, turned(*left_, begin), transpose(context, turned(*right_, 0), 0, 1));
}

}  // namespace elm
