#include "kernels/core/support/pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

struct Room {
    int size = 0;
};
const auto empty_room = [] { return Room{}; };

TEST(Pool, lends_what_was_given_back) {
    Pool<Room> pool;
    pool.take(empty_room)->size = 7;
    EXPECT_EQ(pool.waiting(), 1u);
    const auto first = pool.take(empty_room), second = pool.take(empty_room);
    EXPECT_EQ(first->size, 7);
    EXPECT_EQ(second->size, 0);
    EXPECT_EQ(pool.waiting(), 0u);
}

TEST(Pool, lends_one_that_fits) {
    Pool<Room> pool;
    const auto of_size = [&](int size) {
        return pool.take([size](const Room& room) { return room.size == size; },
                         [size] { return Room{size}; });
    };
    { const auto one = of_size(1), two = of_size(2), three = of_size(3); }
    EXPECT_EQ(pool.waiting(), 3u);
    for (const int size : {2, 1, 3, 2}) EXPECT_EQ(of_size(size)->size, size);
    EXPECT_EQ(pool.waiting(), 3u);
}

TEST(Pool, gives_the_first_of_many_to_whom_none_fits) {
    Pool<Room> pool;
    int made = 0;
    for (int size = 1; size <= 100; ++size) {
        const auto room = pool.take([&](const Room& found) { return found.size == size; },
                                    [&] { return Room{++made}; });
        room->size = size;
    }
    EXPECT_EQ(static_cast<std::size_t>(made), Pool<Room>::spare);
}

TEST(Pool, shrinks_after_its_largest_use) {
    Pool<Room> pool;
    {
        std::vector<Pool<Room>::Loan> many;
        for (int i = 0; i < 20; ++i) many.push_back(pool.take(empty_room));
    }
    EXPECT_EQ(pool.waiting(), 20u);
    for (int i = 0; i < 20 * 20 * Pool<Room>::patience; ++i) pool.take(empty_room);
    EXPECT_EQ(pool.waiting(), 1u);
}

TEST(Pool, keeps_what_a_steady_use_needs) {
    Pool<Room> pool;
    int made = 0;
    for (int i = 0; i < 100; ++i) {
        std::vector<Pool<Room>::Loan> many;
        for (int k = 0; k < 50; ++k) many.push_back(pool.take([&] { return ++made, Room{}; }));
    }
    EXPECT_EQ(made, 50);
}

TEST(Pool, a_loan_outlives_its_pool) {
    Pool<Room>::Loan loan;
    {
        Pool<Room> pool;
        loan = pool.take(empty_room);
    }
    loan->size = 3;
    EXPECT_EQ(loan->size, 3);
}

TEST(Pool, lends_to_one_thread_at_a_time) {
    Pool<Room> pool;
    Cpu::for_each_task(1000, [&](std::int64_t) {
        const auto room = pool.take(empty_room);
        const int before = room->size++;
        EXPECT_EQ(room->size--, before + 1);
    });
    EXPECT_GE(pool.waiting(), 1u);
}

}  // namespace
}  // namespace elm
