#include "kernels/core/spike_train.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

TEST(SpikeTrain, pieces_joined_in_time_are_the_whole) {
    const std::vector<SpikeEvent> first{{0, 2}, {1, 0}, {1, 1}, {4, 2}}, second{{2, 1}, {4, 0}};
    const SpikeTrain parts[] = {make_spike_train(first, 5, 3), make_spike_train(second, 5, 3)};
    const SpikeTrain whole = stack_samples(parts);
    for (std::int64_t cut = 0; cut <= 5; ++cut) {
        const SpikeTrain joined =
            join_steps(slice_steps(whole, 0, cut), slice_steps(whole, cut, 5 - cut));
        EXPECT_EQ(joined.n_steps, 5);
        EXPECT_EQ(joined.row_begin, whole.row_begin);
        EXPECT_EQ(joined.units, whole.units);
        EXPECT_NO_THROW(joined.check());
    }
}

TEST(SpikeTrain, pieces_of_other_samples_or_units_are_not_joined) {
    const SpikeTrain train = make_spike_train({}, 5, 3);
    const SpikeTrain parts[] = {train, train};
    EXPECT_THROW(join_steps(train, make_spike_train({}, 5, 4)), Error);
    EXPECT_THROW(join_steps(train, stack_samples(parts)), Error);
}

}  // namespace
}  // namespace elm
