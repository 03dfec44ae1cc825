// Run as it is, and as two and three processes under mpirun: every process runs all tests.

#include "kernels/core/communicator.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "tests/support/devices.h"
#include "tests/support/test_processes.h"

namespace elm {
namespace {

using test::processes;

/// Numbers of a rank, of very different size, so that the order of a sum shows in its bits.
template <class Real>
std::vector<Real> numbers(int rank, std::int64_t count, std::uint32_t purpose) {
    const RandomKey key{.seed = 9, .step = static_cast<std::uint64_t>(rank), .purpose = purpose};
    std::vector<Real> values;
    for (std::int64_t k = 0; k < count; ++k) {
        const auto uniform = static_cast<Real>(unit_uniform<double>(random_word(key, 2 * k)) - 0.5);
        const int exponent = static_cast<int>(random_word(key, 2 * k + 1) % 40) - 20;
        values.push_back(std::ldexp(uniform, exponent));
    }
    return values;
}

/// In the order of the ranks, starting from 0.
template <class Real>
std::vector<Real> expected_sum(std::int64_t count, std::uint32_t purpose) {
    std::vector<Real> sums(static_cast<std::size_t>(count), Real(0));
    for (int rank = 0; rank < processes->size(); ++rank) {
        const auto values = numbers<Real>(rank, count, purpose);
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += values[k];
    }
    return sums;
}

template <class Real>
std::vector<Real> on_host(const Tensor& tensor) {
    Stream host{Device{}};
    const Tensor copy = tensor.to(host);
    const auto values = copy.host<Real>();
    return {values.begin(), values.end()};
}

template <class Real>
bool same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0);
}

template <class Real>
void expect_sums(Device device) {
    Stream stream{device};
    for (const std::int64_t count : {1, 2, 5, 6, 7, 1000, 54002, 6, 0}) {
        const auto purpose = static_cast<std::uint32_t>(count);
        const auto own = numbers<Real>(processes->rank(), count, purpose);
        const Tensor values = Tensor::from<Real>(stream, {count}, own);
        processes->sum(stream, values);
        const auto wanted = processes->size() == 1 ? own : expected_sum<Real>(count, purpose);
        EXPECT_TRUE(same_bits(on_host<Real>(values), wanted)) << count << " elements";
    }
}

TEST(Communicator, sums_in_the_order_of_the_ranks) {
    expect_sums<float>(Device{});
    expect_sums<double>(Device{});
}

TEST(Communicator, sums_on_cuda_the_same_bits) {
    ELM_SKIP_WITHOUT_CUDA();
    expect_sums<float>(test::cuda_devices().front());
    expect_sums<double>(test::cuda_devices().front());
}

void expect_broadcasts(Device device) {
    Stream stream{device};
    for (int root = 0; root < processes->size(); ++root) {
        const auto own = numbers<float>(processes->rank(), 101, 3);
        const Tensor values = Tensor::from<float>(stream, {101}, own);
        processes->broadcast(stream, values, root);
        EXPECT_TRUE(same_bits(on_host<float>(values), numbers<float>(root, 101, 3)));
        const std::vector<std::int32_t> whole{processes->rank(), 7, -processes->rank()};
        const Tensor integers = Tensor::from<std::int32_t>(stream, {3}, whole);
        processes->broadcast(stream, integers, root);
        EXPECT_EQ(on_host<std::int32_t>(integers), (std::vector<std::int32_t>{root, 7, -root}));
    }
}

TEST(Communicator, broadcasts_from_any_rank) { expect_broadcasts(Device{}); }

TEST(Communicator, broadcasts_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    expect_broadcasts(test::cuda_devices().front());
}

TEST(Communicator, gathers_by_rank_and_knows_its_place) {
    std::vector<std::int64_t> wanted;
    for (int rank = 0; rank < processes->size(); ++rank) wanted.push_back(100 - rank);
    EXPECT_EQ(processes->gather(100 - processes->rank()), wanted);
    EXPECT_EQ(processes->leads(), processes->rank() == 0);
    EXPECT_EQ(processes->local_rank(), processes->rank());  // one machine
    processes->barrier();
}

TEST(Communicator, has_as_many_processes_as_the_launcher_was_told) {
    const char* const count = std::getenv("ELM_TEST_PROCESSES");
    EXPECT_EQ(processes->size(), count == nullptr ? 1 : std::atoi(count));
}

TEST(Communicator, alone_leaves_tensors_as_they_are) {
    Communicator alone;
    EXPECT_EQ(alone.size(), 1);
    Stream stream{Device{}};
    const auto own = numbers<double>(0, 10, 1);
    const Tensor values = Tensor::from<double>(stream, {10}, own);
    alone.sum(stream, values);
    alone.broadcast(stream, values);
    EXPECT_TRUE(same_bits(on_host<double>(values), own));
    EXPECT_EQ(alone.gather(4), std::vector<std::int64_t>{4});
}

TEST(Communicator, refuses_integers_and_ranks_that_are_not_there) {
    Stream stream{Device{}};
    const Tensor values = Tensor::zeros(stream, {3}, DType::f32);
    EXPECT_THROW(processes->broadcast(stream, values, processes->size()), Error);
    EXPECT_THROW(processes->broadcast(stream, values, -1), Error);
    const Tensor integers = Tensor::zeros(stream, {3}, DType::i32);
    EXPECT_THROW(processes->sum(stream, integers), Error);
}

/// One process fails while the others wait for it: the launcher must end them.
int fail_in_the_last_rank() {
    try {
        Communicator all = Communicator::world();
        if (all.rank() == all.size() - 1) {
            throw Error(ErrorKind::numeric, "the last rank gives up");
        }
        all.barrier();
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 5;
    }
    std::fprintf(stderr, "nobody failed\n");
    return 0;
}

}  // namespace
}  // namespace elm

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "--fail") == 0) return elm::fail_in_the_last_rank();
    return elm::test::run_on_processes(argc, argv);
}
