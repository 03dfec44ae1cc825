#include "kernels/core/algorithms/algorithms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "kernels/core/tensor.h"
#include "tests/support/devices.h"

namespace elm {
namespace {

constexpr std::int64_t sizes[] = {0, 1, 7, 33, 257, 100'000};

/// `count` integers in [0, below), the same in every run.
template <class T>
std::vector<T> draw(std::int64_t count, std::uint32_t below) {
    std::vector<T> values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(static_cast<T>(random_word({99, 0, below}, i) % below));
    }
    return values;
}

/// Plain values of any integer type in a tensor of bytes: tensors have no 64-bit integers.
template <class T>
struct Array {
    std::int64_t count;
    Tensor bytes;

    Array(Stream& stream, std::int64_t size)
        : count(size), bytes(Tensor::zeros(stream, {size * std::int64_t{sizeof(T)}}, DType::u8)) {}
    Array(Stream& stream, const std::vector<T>& values)
        : count(static_cast<std::int64_t>(values.size())),
          bytes(Tensor::from<std::uint8_t>(
              stream, {count * std::int64_t{sizeof(T)}},
              {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)})) {}

    template <class Element = T>
    View<Element, 1> view() const {
        return {reinterpret_cast<T*>(bytes.data()), {count}};
    }
    std::vector<T> values(std::int64_t used) const {
        EXPECT_TRUE(bytes.storage().guards_intact());
        Stream cpu{Device{}};
        const Tensor host = bytes.to(cpu);
        std::vector<T> result(static_cast<std::size_t>(used));
        if (used > 0) std::memcpy(result.data(), host.data(), result.size() * sizeof(T));
        return result;
    }
};

template <class Key>
void check_sort(Device device, std::int64_t count, std::uint32_t below) {
    Stream stream{device};
    std::vector<Key> keys = draw<Key>(count, below);
    for (Key& key : keys) key = static_cast<Key>(key - Key(below / 2));  // negative keys, too
    std::vector<std::int32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    const Array<Key> sorted(stream, keys);
    const Array<std::int32_t> values(stream, order);
    sort_by_key(stream, sorted.view(), values.view());

    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
    });
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(sorted.values(count), keys);
    EXPECT_EQ(values.values(count), order);
}

template <class Count>
void check_scan(Device device, std::int64_t count) {
    Stream stream{device};
    const std::vector<Count> counts = draw<Count>(count, 9);
    std::vector<Count> expected;
    Count sum = 0;
    for (const Count value : counts) {
        expected.push_back(sum);
        sum = static_cast<Count>(sum + value);
    }
    const Array<Count> input(stream, counts), sums(stream, count);
    exclusive_scan(stream, input.template view<const Count>(), sums.view());
    EXPECT_EQ(sums.values(count), expected);
    EXPECT_EQ(input.values(count), counts);
    exclusive_scan(stream, input.template view<const Count>(), input.view());  // in place
    EXPECT_EQ(input.values(count), expected);
}

void check_compact(Device device, std::int64_t count, std::uint32_t below) {
    Stream stream{device};
    const std::vector<std::uint8_t> flags = draw<std::uint8_t>(count, below);
    std::vector<std::int32_t> expected;
    for (std::size_t i = 0; i < flags.size(); ++i) {
        if (flags[i] != 0) expected.push_back(static_cast<std::int32_t>(i));
    }
    const Array<std::uint8_t> input(stream, flags);
    const Array<std::int32_t> indices(stream, count);
    const std::int64_t found = compact(stream, input.view<const std::uint8_t>(), indices.view());
    EXPECT_EQ(indices.values(found), expected);
}

template <class Key>
void check_run_length(Device device, std::int64_t count, std::uint32_t below) {
    Stream stream{device};
    std::vector<Key> sorted = draw<Key>(count, below);
    std::sort(sorted.begin(), sorted.end());
    std::map<Key, std::int32_t> expected;
    for (const Key key : sorted) ++expected[key];

    const Array<Key> input(stream, sorted), keys(stream, count);
    const Array<std::int32_t> lengths(stream, count);
    const std::int64_t runs =
        run_length(stream, input.template view<const Key>(), keys.view(), lengths.view());
    ASSERT_EQ(runs, static_cast<std::int64_t>(expected.size()));
    const auto found_keys = keys.values(runs);
    const auto found_lengths = lengths.values(runs);
    std::size_t run = 0;
    for (const auto& [key, length] : expected) {
        EXPECT_EQ(found_keys[run], key);
        EXPECT_EQ(found_lengths[run++], length);
    }
}

void check_all(Device device) {
    for (const std::int64_t count : sizes) {
        SCOPED_TRACE(to_string(device) + ", " + std::to_string(count) + " elements");
        for (const std::uint32_t below : {1u, 5u, 1'000'000u}) {
            check_sort<std::int32_t>(device, count, below);
            check_sort<std::int64_t>(device, count, below);
            check_run_length<std::int32_t>(device, count, below);
            check_run_length<std::int64_t>(device, count, below);
        }
        check_scan<std::int32_t>(device, count);
        check_scan<std::int64_t>(device, count);
        for (const std::uint32_t below : {1u, 2u, 50u}) check_compact(device, count, below);
    }
}

TEST(Algorithms, agree_with_the_standard_library) { check_all({}); }

TEST(Algorithms, cuda_agrees_with_the_standard_library) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) check_all(device);
}

TEST(Algorithms, sort_keeps_all_bits_of_wide_keys) {
    Stream stream{Device{}};
    const Array<std::int64_t> keys(stream, {1LL << 40, -(1LL << 40), (1LL << 40) + 1, 3});
    const Array<std::int32_t> values(stream, {0, 1, 2, 3});
    sort_by_key(stream, keys.view(), values.view());
    EXPECT_EQ(values.values(4), (std::vector<std::int32_t>{1, 3, 0, 2}));
}

TEST(Algorithms, refuse_outputs_that_are_too_small) {
    Stream stream{Device{}};
    const Array<std::int32_t> four(stream, 4), three(stream, 3);
    const Array<std::uint8_t> flags(stream, 4);
    EXPECT_THROW(sort_by_key(stream, four.view(), three.view()), Error);
    EXPECT_THROW(exclusive_scan(stream, four.view<const std::int32_t>(), three.view()), Error);
    EXPECT_THROW(compact(stream, flags.view<const std::uint8_t>(), three.view()), Error);
    EXPECT_THROW(run_length(stream, four.view<const std::int32_t>(), four.view(), three.view()),
                 Error);
}

}  // namespace
}  // namespace elm
